package io.varve.http.net;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads with a scheduler of one's own. JDK 25 has no public API for them: this calls what
 * the JDK has for its own tests, by reflection, and needs {@code
 * --add-opens=java.base/java.lang=ALL-UNNAMED}, which the launcher gives. Thread-safe.
 */
final class SchedulerAccess {
  private static final System.Logger LOG = System.getLogger(SchedulerAccess.class.getName());

  /** Null if the JVM does not let us. */
  static final @Nullable SchedulerAccess INSTANCE = find();

  private static final @Nullable MethodHandle CARRIER = INSTANCE == null ? null : INSTANCE.carrier;

  private final MethodHandle carrier;
  private final MethodHandle builder;
  private final Executor carriers;

  private SchedulerAccess(MethodHandle carrier, MethodHandle builder, Executor carriers) {
    this.carrier = carrier;
    this.builder = builder;
    this.carriers = carriers;
  }

  private static @Nullable SchedulerAccess find() {
    try {
      Lookup own = MethodHandles.lookup();
      Class<?> virtual = Class.forName("java.lang.VirtualThread");
      Class<?> builder = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder");
      MethodHandle scheduler =
          MethodHandles.privateLookupIn(virtual, own)
              .findStatic(virtual, "defaultScheduler", MethodType.methodType(Executor.class));
      SchedulerAccess found =
          new SchedulerAccess(
              MethodHandles.privateLookupIn(Thread.class, own)
                  .findStatic(
                      Thread.class, "currentCarrierThread", MethodType.methodType(Thread.class)),
              MethodHandles.privateLookupIn(builder, own)
                  .findConstructor(builder, MethodType.methodType(void.class, Executor.class))
                  .asType(MethodType.methodType(Thread.Builder.OfVirtual.class, Executor.class)),
              (Executor) scheduler.invokeExact());
      return found;
    } catch (Throwable e) {
      LOG.log(
          System.Logger.Level.INFO,
          () ->
              "small queries are handed from thread to thread, which costs each 0.1 to 0.3 ms: "
                  + e
                  + "; run with --add-opens=java.base/java.lang=ALL-UNNAMED");
      return null;
    }
  }

  /**
   * A builder of virtual threads that a scheduler runs.
   *
   * @param scheduler is given every piece of work of the threads, in whichever thread makes it
   *     ready, and runs it in a platform thread
   */
  Thread.Builder.OfVirtual builder(Executor scheduler) {
    try {
      return (Thread.Builder.OfVirtual) builder.invokeExact(scheduler);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** The platform thread that runs the calling thread, which may be virtual. */
  Thread carrier() {
    MethodHandle handle = CARRIER;
    if (handle == null) {
      throw new IllegalStateException("no access");
    }
    try {
      return (Thread) handle.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** The scheduler that virtual threads usually have. */
  Executor carriers() {
    return carriers;
  }
}
