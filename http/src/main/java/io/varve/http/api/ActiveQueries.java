package io.varve.http.api;

import io.varve.query.Cancellation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/** The queries that are being evaluated or wait for their turn. Any thread. */
public final class ActiveQueries {
  private final AtomicLong ids = new AtomicLong();
  private final ConcurrentHashMap<Long, Active> queries = new ConcurrentHashMap<>();

  /** None yet. */
  public ActiveQueries() {}

  /** One of them. */
  static final class Active {
    private final long id;
    private final Question question;
    private final Cancellation cancellation;
    private final IntSupplier clients;
    private final long begunMillis = System.currentTimeMillis();
    private final long begunNanos = System.nanoTime();
    private volatile boolean running;

    private Active(long id, Question question, Cancellation cancellation, IntSupplier clients) {
      this.id = id;
      this.question = question;
      this.cancellation = cancellation;
      this.clients = clients;
    }

    long id() {
      return id;
    }

    Question question() {
      return question;
    }

    /** How many clients wait for its answer. */
    int clients() {
      return clients.getAsInt();
    }

    /** When it came, milliseconds since the epoch. */
    long begunMillis() {
      return begunMillis;
    }

    long nanos() {
      return System.nanoTime() - begunNanos;
    }

    long samplesRead() {
      return cancellation.samplesRead();
    }

    /** False while it waits for its turn. */
    boolean isRunning() {
      return running;
    }

    void runs() {
      running = true;
    }
  }

  Active begin(Question question, Cancellation cancellation, IntSupplier clients) {
    Active active = new Active(ids.incrementAndGet(), question, cancellation, clients);
    queries.put(active.id(), active);
    return active;
  }

  void end(Active active) {
    queries.remove(active.id());
  }

  /** True if some thread may hold a snapshot for one. */
  public boolean isEmpty() {
    return queries.isEmpty();
  }

  /** All, oldest first. */
  Collection<Active> all() {
    List<Active> all = new ArrayList<>(queries.values());
    all.sort(Comparator.comparingLong(Active::id));
    return all;
  }

  /** Ends one; false if there is none of that number (any more). */
  boolean kill(long id) {
    Active active = queries.get(id);
    if (active == null) {
      return false;
    }
    active.cancellation.cancel("it was killed by an administrator");
    return true;
  }

  /**
   * What is asked.
   *
   * @param tenant of whom
   * @param text as it was sent
   * @param expression the same in canonical form
   * @param start first evaluation time, milliseconds
   * @param end last possible evaluation time
   * @param step 0 for an instant query
   */
  record Question(String tenant, String text, String expression, long start, long end, long step) {
    /** As shown: texts may be long. */
    static final int MOST_CHARACTERS = 4096;

    String shown() {
      return expression.length() <= MOST_CHARACTERS
          ? expression
          : expression.substring(0, MOST_CHARACTERS) + "…";
    }

    String type() {
      return step == 0 ? "instant" : "range";
    }
  }
}
