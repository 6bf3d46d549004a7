package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import java.util.SortedMap;

/**
 * An alert as it is to be told to whoever takes care of alerts.
 *
 * @param tenant whose series its rule reads; "" for the default one
 * @param labels of the alert, its name among them; without external labels
 * @param annotations expanded
 * @param startsMillis since when it fires
 * @param endsMillis since when it has gone; or, of one that fires, when it is to be taken for gone
 *     unless it is told of again
 * @param resolved whether it has gone
 * @param expression of its rule, in canonical form
 */
public record Notification(
    String tenant,
    Labels labels,
    SortedMap<String, String> annotations,
    long startsMillis,
    long endsMillis,
    boolean resolved,
    String expression) {}
