package io.varve.http.cluster;

import io.varve.ingest.cluster.LogPosition;
import java.util.Arrays;

/**
 * Places in the logs of all shards as one text that clients carry from an answer to a later read.
 * To them it says nothing; it is {@code shard:term.index}, for each shard that has something,
 * divided by commas. Several texts, joined by commas, are one, too: the later place counts.
 */
final class PositionToken {
  private static final int MOST_CHARACTERS = 1 << 16;

  private PositionToken() {}

  /** Writes places, by shard; those at the start are left out. */
  static String print(LogPosition... positions) {
    StringBuilder text = new StringBuilder();
    for (int shard = 0; shard < positions.length; shard++) {
      LogPosition at = positions[shard];
      if (at.index() > 0) {
        text.append(text.isEmpty() ? "" : ",")
            .append(shard)
            .append(':')
            .append(at.term())
            .append('.')
            .append(at.index());
      }
    }
    return text.toString();
  }

  /**
   * Reads what {@link #print} has written.
   *
   * @throws IllegalArgumentException if it is something else, or of another cluster
   */
  static LogPosition[] parse(String text, int shards) {
    if (text.length() > MOST_CHARACTERS) {
      throw new IllegalArgumentException("it is longer than any position");
    }
    LogPosition[] positions = new LogPosition[shards];
    Arrays.fill(positions, LogPosition.START);
    for (String part : text.split(",", -1)) {
      String one = part.strip();
      int colon = one.indexOf(':');
      int dot = one.indexOf('.');
      if (colon < 0 || dot < colon) {
        throw new IllegalArgumentException("\"" + one + "\" is not a position that a write gave");
      }
      long shard = number(one, 0, colon);
      if (shard >= shards) {
        throw new IllegalArgumentException("there is no shard " + shard);
      }
      LogPosition at =
          new LogPosition(number(one, colon + 1, dot), number(one, dot + 1, one.length()));
      if (at.compareTo(positions[(int) shard]) > 0) {
        positions[(int) shard] = at;
      }
    }
    return positions;
  }

  private static long number(String text, int from, int to) {
    String digits = text.substring(from, to);
    if (!digits.matches("[0-9]{1,18}")) {
      throw new IllegalArgumentException("\"" + text + "\" is not a position that a write gave");
    }
    return Long.parseLong(digits);
  }
}
