package io.varve.engine.model;

/**
 * One exemplar of a series.
 *
 * @param time milliseconds since the epoch
 * @param value what was observed
 * @param labels the exemplar's own labels, such as a trace id
 */
public record Exemplar(long time, double value, Labels labels) {}
