package io.varve.engine.model;

/**
 * What is said about a metric.
 *
 * @param type counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown
 * @param unit its unit, "" if not told
 * @param help what it means, "" if not told
 */
public record Metadata(String type, String unit, String help) {}
