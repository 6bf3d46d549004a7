package io.varve.http.api;

import io.varve.http.api.ActiveQueries.Question;
import io.varve.query.Cancellation;
import io.varve.query.QueryException;
import io.varve.query.QueryResult;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Lets identical queries that are asked at the same time be computed once. Whoever asks first
 * computes; others wait for that answer, unless something was written since its snapshot was taken:
 * an answer shows everything that was acknowledged before the question came. The work ends early
 * only when nobody waits any more. Any thread.
 */
final class SharedQueries {
  private final ConcurrentHashMap<Key, Flight> flights = new ConcurrentHashMap<>();

  /** What makes queries identical: the question in canonical form, and what it is asked under. */
  record Key(
      String tenant,
      String expression,
      long start,
      long end,
      long step,
      long timeoutMillis,
      long lookbackMillis,
      boolean cache) {
    static Key of(Question question, Querying.Terms terms) {
      return new Key(
          question.tenant(),
          question.expression(),
          question.start(),
          question.end(),
          question.step(),
          terms.timeoutMillis(),
          terms.lookbackMillis(),
          terms.cache());
    }
  }

  /** One computation and those who wait for it. */
  static final class Flight {
    private static final long NOT_STARTED = -1;

    private final String text;
    private final Cancellation cancellation = new Cancellation();
    private final CompletableFuture<QueryResult> result = new CompletableFuture<>();
    private long version = NOT_STARTED;
    private int clients = 1;

    private Flight(String text) {
      this.text = text;
    }

    Cancellation cancellation() {
      return cancellation;
    }

    CompletableFuture<QueryResult> result() {
      return result;
    }

    synchronized int clients() {
      return clients;
    }

    /** To be called before the snapshot is taken. */
    synchronized void starts(long storeVersion) {
      version = storeVersion;
    }

    private synchronized boolean join(long storeVersion) {
      if (clients == 0
          || cancellation.isCancelled()
          || (version != NOT_STARTED && version != storeVersion)) {
        return false;
      }
      clients++;
      return true;
    }

    /** One who waited does not any more. */
    synchronized void leave() {
      clients--;
      if (clients == 0) {
        cancellation.cancel();
      }
    }

    /** False if the texts differ and the answer names places in them. */
    boolean suits(Question question, QueryResult answer) {
      return text.equals(question.text())
          || (answer.warnings().isEmpty() && answer.infos().isEmpty());
    }
  }

  /** A flight of one's own to compute in; others may join it. */
  Flight begin(Key key, Question question) {
    Flight mine = new Flight(question.text());
    flights.put(key, mine);
    return mine;
  }

  /** A flight that others cannot join. */
  static Flight alone(Question question) {
    return new Flight(question.text());
  }

  /**
   * A computation that is under way and whose answer will do.
   *
   * @param storeVersion what has been written up to now
   */
  @Nullable Flight join(Key key, long storeVersion) {
    Flight there = flights.get(key);
    return there != null && there.join(storeVersion) ? there : null;
  }

  /** Nobody can join from now on. */
  void end(Key key, Flight flight) {
    flights.remove(key, flight);
  }

  static QueryException gone() {
    return new QueryException(
        QueryException.ErrorType.CANCELED, "the request was canceled by the client");
  }
}
