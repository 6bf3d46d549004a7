package io.varve.retention.rules.template;

import java.util.Map;

/**
 * A sample in the result of a query, as templates see it.
 *
 * @param labels the labels, the metric's name among them
 * @param value a number; or a text, for a histogram
 */
public record Sample(Map<String, String> labels, Object value) {}
