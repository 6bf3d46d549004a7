package io.varve.retention.rules;

import java.util.List;

/** Takes what is to be told of alerts; does not block. Any thread. */
@FunctionalInterface
public interface AlertSink {
  /** Tells nobody. */
  AlertSink NOBODY = alerts -> {};

  /** Alerts of one rule, at least one, after an evaluation. */
  void send(List<Notification> alerts);
}
