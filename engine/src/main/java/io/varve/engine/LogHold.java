package io.varve.engine;

import java.time.Duration;

/**
 * How much log is kept for who copies it elsewhere, beyond what the engine itself needs; see {@link
 * LogFeed}.
 *
 * @param mostBytes with so many bytes of log, what is held back from trimming is let go; 0 if
 *     nothing is held
 * @param mostMillis the same, when nothing was copied for so long
 */
public record LogHold(long mostBytes, long mostMillis) {
  /** The log is trimmed as the engine needs it. */
  public static final LogHold NONE = new LogHold(0, 0);

  /** Neither is negative. */
  public LogHold {
    if (mostBytes < 0 || mostMillis < 0) {
      throw new IllegalArgumentException("hold " + mostBytes + ", " + mostMillis);
    }
  }

  String text() {
    return mostBytes + " bytes or " + Duration.ofMillis(mostMillis);
  }
}
