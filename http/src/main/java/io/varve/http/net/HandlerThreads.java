package io.varve.http.net;

import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.xnio.XnioIoThread;
import org.xnio.XnioWorker;

/**
 * The virtual threads that requests are handled on.
 *
 * <p>Usually a virtual thread begins on one of the JVM's carrier threads. When all of them sleep,
 * waking one up takes as long as a small query does. A thread that is started by {@link #here}
 * therefore begins in the I/O thread that has just received the request, and so do threads that it
 * starts: as long as they are quick, nobody is woken up. When together they have had the I/O thread
 * for a millisecond, or when they have waited for something that happens elsewhere, they go on on
 * the JVM's carriers. A thread that does not wait can only leave where it asks whether it is time
 * to, by {@link #giveWay}: so whatever may take long must ask now and then.
 *
 * <p>Where the JVM does not open what this needs ({@link SchedulerAccess}), all threads begin on
 * its carriers.
 */
public final class HandlerThreads implements AutoCloseable {
  /** How long handlers may keep an I/O thread from its other connections. */
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** By I/O thread, the only one that looks into it. */
  private static final ConcurrentHashMap<Thread, Slice> SLICES = new ConcurrentHashMap<>();

  private final XnioWorker worker;
  private final long sliceNanos;
  private final ExecutorService elsewhere =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("http").factory());
  private final @Nullable ExecutorService here;

  /** The time of an I/O thread that handlers have, and which of them are ready to use it. */
  private static final class Slice {
    private final ArrayDeque<Runnable> ready = new ArrayDeque<>();
    private boolean open;
    private long until;

    boolean isOver() {
      return System.nanoTime() - until > 0;
    }
  }

  /** For the I/O threads of a worker. */
  HandlerThreads(XnioWorker worker) {
    this(worker, SLICE_NANOS);
  }

  /**
   * The same.
   *
   * @param sliceNanos how long handlers may keep an I/O thread from its other connections
   */
  HandlerThreads(XnioWorker worker, long sliceNanos) {
    this.worker = worker;
    this.sliceNanos = sliceNanos;
    SchedulerAccess access = SchedulerAccess.INSTANCE;
    here =
        access == null
            ? null
            : Executors.newThreadPerTaskExecutor(
                access.builder(step -> schedule(step, access)).name("http-here").factory());
  }

  /** Starts threads that leave the calling thread alone from the beginning. */
  Executor elsewhere() {
    return elsewhere;
  }

  /** Starts threads that begin in the calling I/O thread. */
  Executor here() {
    return here == null ? elsewhere : this::begin;
  }

  private void begin(Runnable task) {
    ExecutorService starter = here;
    SchedulerAccess access = SchedulerAccess.INSTANCE;
    if (starter == null || access == null || !(Thread.currentThread() instanceof XnioIoThread io)) {
      elsewhere.execute(task);
      return;
    }
    Slice slice = SLICES.computeIfAbsent(io, thread -> new Slice());
    slice.open = true;
    slice.until = System.nanoTime() + sliceNanos;
    try {
      starter.execute(task);
      for (Runnable step; !slice.isOver() && (step = slice.ready.poll()) != null; ) {
        step.run();
      }
    } finally {
      slice.open = false;
      for (Runnable step; (step = slice.ready.poll()) != null; ) {
        access.carriers().execute(step);
      }
    }
  }

  /**
   * Where a virtual thread goes on that has something to do. It may be called in a virtual thread,
   * whose carrier is the thread that is asked.
   */
  private static void schedule(Runnable step, SchedulerAccess access) {
    Slice slice = slice(access);
    if (slice == null || !slice.open || slice.isOver()) {
      access.carriers().execute(step);
    } else {
      slice.ready.add(step);
    }
  }

  private static @Nullable Slice slice(SchedulerAccess access) {
    Thread carrier = access.carrier();
    return carrier instanceof XnioIoThread ? SLICES.get(carrier) : null;
  }

  /**
   * Leaves the I/O thread to its connections if the calling virtual thread is on one, and has been
   * for long enough. Costs a few nanoseconds if not.
   */
  public static void giveWay() {
    SchedulerAccess access = SchedulerAccess.INSTANCE;
    if (access == null || !Thread.currentThread().isVirtual()) {
      return;
    }
    Slice slice = slice(access);
    if (slice != null && slice.isOver()) {
      Thread.yield();
    }
  }

  /** Interrupts all that are left. After the worker has been shut down. */
  @Override
  public void close() {
    elsewhere.shutdownNow();
    if (here != null) {
      here.shutdownNow();
    }
    SLICES
        .keySet()
        .removeIf(thread -> thread instanceof XnioIoThread io && io.getWorker() == worker);
  }
}
