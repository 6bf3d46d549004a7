package io.varve.query.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.query.Feature;
import io.varve.query.MemorySnapshot;
import io.varve.query.QueryException;
import io.varve.query.QueryLimits;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Work is done once, by workers that are not in two places at a time, and failures come through.
 */
@Timeout(30)
class WorkerPoolTest {
  private static QueryContext context(WorkerPool pool) {
    return new QueryContext(
        new MemorySnapshot(),
        "",
        300_000,
        true,
        Feature.defaults(),
        QueryLimits.DEFAULT,
        null,
        pool);
  }

  @Test
  void everyNumberIsVisitedOnce() {
    try (WorkerPool pool = new WorkerPool(4)) {
      AtomicIntegerArray visits = new AtomicIntegerArray(100_003);
      AtomicIntegerArray busy = new AtomicIntegerArray(4);
      pool.run(
          visits.length(),
          37,
          (from, to, worker) -> {
            assertThat(busy.incrementAndGet(worker.slot())).isEqualTo(1);
            for (int i = from; i < to; i++) {
              visits.incrementAndGet(i);
            }
            busy.decrementAndGet(worker.slot());
          },
          context(pool));
      for (int i = 0; i < visits.length(); i++) {
        assertThat(visits.get(i)).isEqualTo(1);
      }
    }
  }

  @Test
  void aFailureEndsTheWork() {
    try (WorkerPool pool = new WorkerPool(2)) {
      AtomicInteger chunks = new AtomicInteger();
      assertThatThrownBy(
              () ->
                  pool.run(
                      1_000_000,
                      1,
                      (from, to, worker) -> {
                        if (chunks.incrementAndGet() == 100) {
                          throw QueryException.execution("enough");
                        }
                      },
                      context(pool)))
          .hasMessage("enough");
      assertThat(chunks.get()).isLessThan(1_000_000);
    }
  }

  @Test
  void aLongPieceOfWorkLetsOthersIn() throws InterruptedException {
    try (WorkerPool pool = new WorkerPool(1)) {
      AtomicInteger done = new AtomicInteger();
      Thread slow =
          new Thread(
              () ->
                  pool.run(
                      200,
                      1,
                      (from, to, worker) -> {
                        sleep(10);
                        done.incrementAndGet();
                      },
                      context(pool)));
      slow.start();
      while (done.get() == 0) {
        sleep(1);
      }
      pool.run(2, 1, (from, to, worker) -> {}, context(pool));
      assertThat(done.get()).isLessThan(200);
      slow.join();
      assertThat(done.get()).isEqualTo(200);
    }
  }

  @Test
  void anInterruptedAskerIsCancelled() {
    try (WorkerPool pool = new WorkerPool(2)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> pool.run(1000, 1, (from, to, w) -> sleep(1), context(pool)))
          .isInstanceOf(QueryException.class)
          .hasMessageContaining("canceled");
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
