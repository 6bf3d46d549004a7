package io.varve.http.replay;

import io.varve.engine.model.Labels;

/**
 * An alert from its beginning to its end. Times in milliseconds since the epoch.
 *
 * @param group of its rule
 * @param alert name of its rule
 * @param labels with the name
 * @param activeMillis since when it is pending
 * @param firedMillis since when it fires; 0 if it never does
 * @param endMillis when it is resolved, or not pending any more; 0 if it still is at the end
 * @param value of the series when it fired, or first was pending
 */
public record Firing(
    String group,
    String alert,
    Labels labels,
    long activeMillis,
    long firedMillis,
    long endMillis,
    double value) {
  /** True if it fires at all. */
  public boolean fires() {
    return firedMillis != 0;
  }
}
