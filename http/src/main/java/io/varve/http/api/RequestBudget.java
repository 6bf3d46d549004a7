package io.varve.http.api;

import io.varve.engine.QueryBudget;
import io.varve.http.config.Durations;
import io.varve.http.net.HandlerThreads;
import io.varve.query.Cancellation;
import io.varve.query.QueryLimits;
import java.util.concurrent.atomic.AtomicLong;

/** What a look at the index may spend: the memory and time of a query. Thread-safe. */
final class RequestBudget implements QueryBudget {
  private final QueryLimits limits;
  private final Cancellation cancellation;
  private final long deadline;
  private final AtomicLong bytes = new AtomicLong();

  RequestBudget(QueryLimits limits, Cancellation cancellation) {
    this.limits = limits;
    this.cancellation = cancellation;
    this.deadline = System.nanoTime() + limits.timeoutMillis() * 1_000_000;
  }

  @Override
  public void chargeBytes(long charged) {
    if (bytes.addAndGet(charged) > limits.maxBytes()) {
      throw new ApiException(
          ErrorType.EXECUTION,
          "the request would hold more than "
              + limits.maxBytes()
              + " bytes in memory (query.max_bytes); narrow it by match[], start and end");
    }
    check();
  }

  @Override
  public void releaseBytes(long released) {
    bytes.addAndGet(-released);
  }

  @Override
  public void chargeSamples(long samples) {
    check();
  }

  /** Notices that the client has gone, or that the time is over. */
  @Override
  public void check() {
    HandlerThreads.giveWay();
    if (cancellation.isCancelled()) {
      throw new ApiException(ErrorType.CANCELED, "the request was canceled by the client");
    }
    if (System.nanoTime() - deadline > 0) {
      throw new ApiException(
          ErrorType.TIMEOUT,
          "the request took longer than "
              + Durations.print(limits.timeoutMillis())
              + " (query.timeout)");
    }
  }
}
