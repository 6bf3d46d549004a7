package io.varve.bench.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the acknowledgement of a write tells: how far each shard's log is. Readers hand it back as
 * it is.
 *
 * @param indexes by shard
 */
record Position(String token, Map<Integer, Long> indexes) {
  private static final Pattern SHARD = Pattern.compile("(\\d{1,9}):\\d{1,18}\\.(\\d{1,18})");

  /** Takes its copy of the map. */
  Position {
    indexes = Map.copyOf(indexes);
  }

  /** Reads {@code shard:term.index}, divided by commas. */
  static Position of(String token) {
    Map<Integer, Long> indexes = new HashMap<>();
    Matcher matcher = SHARD.matcher(token);
    while (matcher.find()) {
      indexes.merge(
          Integer.parseInt(matcher.group(1)), Long.parseLong(matcher.group(2)), Math::max);
    }
    return new Position(token, indexes);
  }

  /** True if some shard's log is less far than in another position. */
  boolean isBehind(Position other) {
    return indexes.entrySet().stream()
        .anyMatch(e -> e.getValue() < other.indexes.getOrDefault(e.getKey(), 0L));
  }

  @Override
  public String toString() {
    return token;
  }
}
