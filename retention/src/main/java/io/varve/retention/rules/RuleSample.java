package io.varve.retention.rules;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import org.jspecify.annotations.Nullable;

/**
 * A sample that a query yields, or a rule.
 *
 * @param value the number; of no meaning if there is a histogram
 * @param histogram null for a float
 */
public record RuleSample(Labels labels, double value, @Nullable Histogram histogram) {}
