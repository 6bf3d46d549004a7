package io.varve.http.api;

import io.varve.engine.Snapshot;
import io.varve.http.net.Gate;
import io.varve.http.net.HandlerThreads;
import io.varve.http.net.Request;
import io.varve.query.Cancellation;
import io.varve.query.QueryLimits;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What everything that reads goes through: a turn at the gate, a snapshot, and a switch that ends
 * the work when the client goes away. Any thread.
 */
public final class Reading {
  private final Supplier<Store> store;
  private final Gate gate;
  private final QueryLimits limits;

  /** Reads a store that is there by the time of the first request. */
  public Reading(Supplier<Store> store, Gate gate, QueryLimits limits) {
    this.store = store;
    this.gate = gate;
    this.limits = limits;
  }

  /** Finds what is to be answered. */
  interface Work<T> {
    /** Finds it in a snapshot. */
    T find(Store store, Snapshot snapshot, Cancellation cancellation);
  }

  /** Limits that hold unless a request asks for less. */
  QueryLimits limits() {
    return limits;
  }

  /** Runs {@code work}, waiting for a turn at most {@code waitMillis}; the answer comes after. */
  <T> T read(Request request, long waitMillis, Work<T> work) throws IOException {
    gate.enter(waitMillis);
    try {
      Cancellation cancellation = new Cancellation(HandlerThreads::giveWay);
      try (var _ = request.onDisconnect(cancellation::cancel)) {
        Store now = store.get();
        try (Snapshot snapshot = now.snapshots().get()) {
          return work.find(now, snapshot, cancellation);
        }
      }
    } finally {
      gate.leave();
    }
  }

  /**
   * The same for whoever watches the client himself.
   *
   * @param begins told of the store when the turn has come, before the snapshot is taken
   */
  <T> T read(long waitMillis, Cancellation cancellation, Consumer<Store> begins, Work<T> work) {
    gate.enter(waitMillis);
    try {
      Store now = store.get();
      begins.accept(now);
      try (Snapshot snapshot = now.snapshots().get()) {
        return work.find(now, snapshot, cancellation);
      }
    } finally {
      gate.leave();
    }
  }

  /** What has been written so far; another number after each change. */
  long storeVersion() {
    return store.get().version().getAsLong();
  }

  /** A query as it is printed, the same for texts that differ in spaces and comments only. */
  String canonical(String query) {
    return store.get().queries().canonical(query);
  }

  /** The same within the general limits, with a budget for the index. */
  <T> T look(Request request, Look<T> work) throws IOException {
    return read(
        request,
        limits.timeoutMillis(),
        (now, snapshot, cancellation) ->
            work.find(snapshot, new RequestBudget(limits, cancellation)));
  }

  /** Finds something in the index. */
  interface Look<T> {
    /** Finds it in a snapshot. */
    T find(Snapshot snapshot, RequestBudget budget);
  }
}
