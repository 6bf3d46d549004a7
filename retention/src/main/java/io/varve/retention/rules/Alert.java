package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import java.util.SortedMap;

/**
 * An alert at a time.
 *
 * @param labels of the alert, its name among them
 * @param annotations expanded
 * @param value of the series at the last evaluation
 * @param activeMillis since when its series is there
 * @param firedMillis since when it fires; 0 if it never did
 * @param resolvedMillis since when it has gone; 0 if it has not
 * @param keptMillis since when it fires though its series has gone; 0 if it does not
 */
public record Alert(
    Labels labels,
    SortedMap<String, String> annotations,
    double value,
    State state,
    long activeMillis,
    long firedMillis,
    long resolvedMillis,
    long keptMillis) {
  /** What an alert does. */
  public enum State {
    /** Its series has gone. */
    INACTIVE,
    /** Its series is there, but not for long enough. */
    PENDING,
    /** It fires. */
    FIRING;

    /** As the label {@code alertstate} has it. */
    public String text() {
      return switch (this) {
        case INACTIVE -> "inactive";
        case PENDING -> "pending";
        case FIRING -> "firing";
      };
    }
  }
}
