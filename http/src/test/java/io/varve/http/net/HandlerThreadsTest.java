package io.varve.http.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xnio.OptionMap;
import org.xnio.Options;
import org.xnio.Xnio;
import org.xnio.XnioIoThread;
import org.xnio.XnioWorker;

final class HandlerThreadsTest {
  private XnioWorker worker;
  private XnioIoThread io;
  private HandlerThreads threads;

  @BeforeEach
  void start() throws IOException {
    worker =
        Xnio.getInstance(HandlerThreadsTest.class.getClassLoader())
            .createWorker(
                OptionMap.builder()
                    .set(Options.WORKER_IO_THREADS, 1)
                    .set(Options.THREAD_DAEMON, true)
                    .getMap());
    io = worker.getIoThread();
    threads = new HandlerThreads(worker);
  }

  @AfterEach
  void stop() {
    worker.shutdownNow();
    threads.close();
  }

  private static Thread carrier() {
    SchedulerAccess access = SchedulerAccess.INSTANCE;
    assertThat(access)
        .as("tests run with java.lang open, as the launcher runs the server")
        .isNotNull();
    return Objects.requireNonNull(access).carrier();
  }

  /** Runs a handler that begins in the I/O thread, and returns what it returns. */
  private <T> CompletableFuture<T> here(Callable<T> handler) {
    CompletableFuture<T> result = new CompletableFuture<>();
    io.execute(
        () ->
            threads
                .here()
                .execute(
                    () -> {
                      try {
                        result.complete(handler.call());
                      } catch (Throwable e) {
                        result.completeExceptionally(e);
                      }
                    }));
    return result;
  }

  private static <T> T get(CompletableFuture<T> result) throws Exception {
    return result.get(10, TimeUnit.SECONDS);
  }

  @Test
  void aQuickHandlerAndTheThreadsItStartsStayInTheIoThread() throws Exception {
    threads.close();
    threads = new HandlerThreads(worker, TimeUnit.MINUTES.toNanos(1)); // quick on any machine
    for (int i = 0; i < 100; i++) {
      CompletableFuture<Thread> inner = new CompletableFuture<>();
      Thread before =
          get(
              here(
                  () -> {
                    assertThat(Thread.currentThread().isVirtual()).isTrue();
                    Thread first = carrier();
                    Thread.ofVirtual().start(() -> inner.complete(carrier()));
                    Thread.yield();
                    assertThat(inner).isDone();
                    return first;
                  }));
      assertThat(before).isSameAs(io);
      assertThat(get(inner)).isSameAs(io);
    }
  }

  @Test
  void aHandlerThatComputesForLongLeavesTheIoThreadToOthers() throws Exception {
    CompletableFuture<Boolean> otherWasServed = new CompletableFuture<>();
    CountDownLatch computing = new CountDownLatch(1);
    CompletableFuture<Thread> result =
        here(
            () -> {
              computing.countDown();
              long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
              while (!otherWasServed.isDone() && System.nanoTime() < until) {
                HandlerThreads.giveWay(); // never waits for anything else
              }
              return carrier();
            });
    assertThat(computing.await(10, TimeUnit.SECONDS)).isTrue();
    io.execute(() -> otherWasServed.complete(true));
    assertThat(get(otherWasServed)).isTrue();
    assertThat(get(result)).isNotInstanceOf(XnioIoThread.class);
  }

  @Test
  void threadsThatAreReadyWhenTheTimeIsOverGoOnElsewhere() throws Exception {
    CompletableFuture<Thread> second = new CompletableFuture<>();
    Thread first =
        get(
            here(
                () -> {
                  Thread.ofVirtual().start(() -> second.complete(carrier()));
                  Thread found = carrier();
                  long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
                  while (System.nanoTime() < until) {
                    Thread.onSpinWait(); // and never gives way
                  }
                  return found;
                }));
    assertThat(get(second)).isNotInstanceOf(XnioIoThread.class);
    assertThat(first).isNotNull();
  }

  @Test
  void whoeverHasWaitedGoesOnElsewhere() throws Exception {
    Thread after =
        get(
            here(
                () -> {
                  Thread.sleep(5);
                  return carrier();
                }));
    assertThat(after).isNotInstanceOf(XnioIoThread.class);
  }

  @Test
  void aHandlerThatFailsHarmsNobody() throws Exception {
    io.execute(
        () ->
            threads
                .here()
                .execute(
                    () -> {
                      Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> {});
                      throw new IllegalStateException("for the test");
                    }));
    assertThat(get(here(HandlerThreadsTest::carrier))).isSameAs(io);
  }

  @Test
  void elsewhereIsNeverTheIoThread() throws Exception {
    CompletableFuture<Thread> found = new CompletableFuture<>();
    io.execute(() -> threads.elsewhere().execute(() -> found.complete(carrier())));
    assertThat(get(found)).isNotInstanceOf(XnioIoThread.class);
  }

  @Test
  void outsideOfIoThreadsGivingWayDoesNothing() {
    HandlerThreads.giveWay();
    assertThat(Thread.currentThread().isVirtual()).isFalse();
  }
}
