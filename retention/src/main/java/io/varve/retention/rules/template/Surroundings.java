package io.varve.retention.rules.template;

import java.util.List;

/** What the functions of templates may ask for. */
public interface Surroundings {
  /**
   * The result of a query at the time of the evaluation.
   *
   * @throws RuntimeException if it fails
   */
  List<Sample> query(String expression);

  /** The time of the evaluation, seconds since the epoch. */
  double now();

  /** Where users find the server. */
  String externalUrl();
}
