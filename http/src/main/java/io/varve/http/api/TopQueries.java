package io.varve.http.api;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What queries took since the server began, by expression. Of so many expressions at most: when
 * there are more, those that took least time in all are forgotten. Any thread.
 */
public final class TopQueries {
  private static final int MOST = 1_000;
  private static final int FORGOTTEN = MOST / 10;

  private final Map<Key, Total> totals = new HashMap<>();

  /** Nothing yet. */
  public TopQueries() {}

  private record Key(String tenant, String expression, String type) {
    /** What the JVM makes up for records costs a small query a twentieth of its time. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key that
          && expression.equals(that.expression)
          && type.equals(that.type)
          && tenant.equals(that.tenant);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * expression.hashCode() + type.hashCode()) + tenant.hashCode();
    }
  }

  /**
   * What the queries of one expression took.
   *
   * @param count evaluations, those that failed included
   * @param nanos in all
   * @param maxNanos the slowest
   * @param samples decoded in all
   * @param lastMillis when the last one ended
   */
  record Total(
      String tenant,
      String expression,
      String type,
      long count,
      long failures,
      long nanos,
      long maxNanos,
      long samples,
      long lastMillis) {}

  void count(ActiveQueries.Question question, long nanos, long samples, boolean failed) {
    Key key = new Key(question.tenant(), question.shown(), question.type());
    synchronized (totals) {
      Total before = totals.get(key);
      totals.put(
          key,
          new Total(
              key.tenant(),
              key.expression(),
              key.type(),
              (before == null ? 0 : before.count()) + 1,
              (before == null ? 0 : before.failures()) + (failed ? 1 : 0),
              (before == null ? 0 : before.nanos()) + nanos,
              Math.max(before == null ? 0 : before.maxNanos(), nanos),
              (before == null ? 0 : before.samples()) + samples,
              System.currentTimeMillis()));
      if (totals.size() > MOST) {
        forget(key);
      }
    }
  }

  private void forget(Key kept) {
    totals.entrySet().stream()
        .filter(e -> !e.getKey().equals(kept))
        .sorted(Comparator.comparingLong(e -> e.getValue().nanos()))
        .limit(FORGOTTEN)
        .map(Map.Entry::getKey)
        .toList()
        .forEach(totals::remove);
  }

  List<Total> all() {
    synchronized (totals) {
      return new ArrayList<>(totals.values());
    }
  }
}
