package io.varve.http;

import io.varve.engine.Engine;
import io.varve.engine.StorageStoppedException;
import io.varve.query.Cancellation;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.grouped.GroupedUpkeep;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Random;
import java.util.function.LongSupplier;

/**
 * The thread that derives grouped aggregates while nothing else has to be done about them, and
 * looks at some of them now and then.
 */
final class GroupedService implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(GroupedService.class.getName());
  private static final long IDLE_MILLIS = 1_000;
  private static final long RETRY_MILLIS = 10_000;

  private final Engine engine;
  private final GroupedUpkeep upkeep;
  private final InstantSource clock;
  private final LongSupplier auditMillis;
  private final Cancellation cancellation = new Cancellation();
  private final Random random = new Random();
  private final Thread thread;
  private long auditedMillis;

  /**
   * Starts the thread.
   *
   * @param auditMillis between two looks at a table; 0 for never
   */
  GroupedService(
      Engine engine, QueryEngine queries, InstantSource clock, LongSupplier auditMillis) {
    this.engine = engine;
    this.upkeep = new GroupedUpkeep(engine, queries);
    this.clock = clock;
    this.auditMillis = auditMillis;
    this.thread = Thread.ofPlatform().name("varve-grouped").daemon().start(this::loop);
  }

  private void loop() {
    while (!cancellation.isCancelled()) {
      try {
        if (!work()) {
          Thread.sleep(IDLE_MILLIS);
        }
      } catch (InterruptedException e) {
        return; // close() asks so
      } catch (StorageStoppedException | QueryException e) {
        LOG.log(System.Logger.Level.DEBUG, "grouped aggregates wait", e);
        pause();
      } catch (RuntimeException | Error e) {
        if (!cancellation.isCancelled()) {
          LOG.log(System.Logger.Level.ERROR, "BUG: grouped aggregates are not derived", e);
          pause();
        }
      }
    }
  }

  private void pause() {
    try {
      Thread.sleep(Duration.ofMillis(RETRY_MILLIS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean work() {
    long now = clock.millis();
    if (engine.isBusy()) {
      return false; // what it is at may change the windows
    }
    if (upkeep.derive(now, cancellation)) {
      return true;
    }
    long interval = auditMillis.getAsLong();
    if (interval > 0 && (now - auditedMillis >= interval || now < auditedMillis)) {
      auditedMillis = now;
      return upkeep.audit(random, cancellation);
    }
    return false;
  }

  /** Ends the thread; what it is at is not finished. */
  @Override
  public void close() {
    cancellation.cancel("the server stops");
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join(Duration.ofMillis(200));
        thread.interrupt(); // it may be asleep
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
