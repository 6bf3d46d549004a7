package io.varve.http.notify;

/** Counts how long Alertmanagers take to answer. Any thread. */
@FunctionalInterface
public interface NotifyMeter {
  /** A request was answered, well or not, or failed. */
  void answered(String alertmanager, long nanos);
}
