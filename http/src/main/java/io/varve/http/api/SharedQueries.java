package io.varve.http.api;

import io.varve.http.api.ActiveQueries.Question;
import io.varve.http.net.HandlerThreads;
import io.varve.http.net.Request;
import io.varve.query.Cancellation;
import io.varve.query.QueryException;
import io.varve.query.QueryResult;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Lets identical queries that are asked at the same time be computed once. A computation has a
 * thread of its own, and everybody waits for it as long as he himself wants to, also who asked
 * first. Nobody joins a computation when something was written since its snapshot was taken: an
 * answer shows everything that was acknowledged before the question came. The work ends early when
 * nobody waits any more, or when it is killed, which all who wait are told. Any thread.
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
      long lookbackMillis,
      boolean cache,
      boolean stepStats) {
    static Key of(Question question, Querying.Terms terms) {
      return new Key(
          question.tenant(),
          question.expression(),
          question.start(),
          question.end(),
          question.step(),
          terms.lookbackMillis(),
          terms.cache(),
          terms.stepStats());
    }

    /** By hand, as every query asks: what the JVM makes up for records is slower. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key that
          && start == that.start
          && end == that.end
          && step == that.step
          && lookbackMillis == that.lookbackMillis
          && cache == that.cache
          && stepStats == that.stepStats
          && expression.equals(that.expression)
          && tenant.equals(that.tenant);
    }

    @Override
    public int hashCode() {
      int hash = 31 * expression.hashCode() + tenant.hashCode();
      hash = 31 * hash + Long.hashCode(start);
      hash = 31 * hash + Long.hashCode(end);
      hash = 31 * hash + Long.hashCode(step);
      hash = 31 * hash + Long.hashCode(lookbackMillis);
      return 4 * hash + (cache ? 2 : 0) + (stepStats ? 1 : 0);
    }
  }

  /** One computation and those who wait for it. */
  static final class Flight {
    private static final long NOT_STARTED = -1;

    private final String text;
    private final Cancellation cancellation = new Cancellation(HandlerThreads::giveWay);
    private final CompletableFuture<QueryResult> result = new CompletableFuture<>();
    private final long begunNanos = System.nanoTime();
    private final long joinableNanos;
    private long version = NOT_STARTED;
    private int clients = 1;
    private volatile long queueNanos = NOT_STARTED;

    private Flight(String text, long joinableMillis) {
      this.text = text;
      this.joinableNanos = TimeUnit.MILLISECONDS.toNanos(joinableMillis);
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

    long begunNanos() {
      return begunNanos;
    }

    /** How long it waited for its turn; so far, if that has not come. */
    long queueNanos() {
      long known = queueNanos;
      return known == NOT_STARTED ? System.nanoTime() - begunNanos : known;
    }

    /** To be called when its turn has come, before the snapshot is taken. */
    synchronized void starts(long storeVersion) {
      version = storeVersion;
      queueNanos = System.nanoTime() - begunNanos;
    }

    /**
     * Waits for the answer; whoever does is one of the clients, and is none afterwards.
     *
     * @param until of {@link System#nanoTime}
     * @throws QueryException of type timeout if there is none by then, or whatever the computation
     *     failed with
     */
    QueryResult await(Request request, long until) {
      CompletableFuture<QueryResult> mine = result.copy();
      try (var _ = request.onDisconnect(() -> mine.completeExceptionally(gone()))) {
        return mine.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        throw new QueryException(
            QueryException.ErrorType.TIMEOUT,
            "query timed out in "
                + (queueNanos == NOT_STARTED ? "query queue" : "expression evaluation"),
            e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw gone();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException failure) {
          throw failure;
        }
        if (e.getCause() instanceof Error failure) {
          throw failure;
        }
        throw new IllegalStateException(e.getCause());
      } finally {
        leave();
      }
    }

    private synchronized boolean join(long storeVersion) {
      if (clients == 0
          || System.nanoTime() - begunNanos > joinableNanos
          || cancellation.isCancelled()
          || (version != NOT_STARTED && version != storeVersion)) {
        return false;
      }
      clients++;
      return true;
    }

    private synchronized void leave() {
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

  /** A flight of one's own to compute in; others may join it for so long. */
  Flight begin(Key key, Question question, long joinableMillis) {
    Flight mine = new Flight(question.text(), joinableMillis);
    flights.put(key, mine);
    return mine;
  }

  /** A flight that others cannot join. */
  static Flight alone(Question question) {
    return new Flight(question.text(), 0);
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

  private static QueryException gone() {
    return new QueryException(
        QueryException.ErrorType.CANCELED, "the request was canceled by the client");
  }
}
