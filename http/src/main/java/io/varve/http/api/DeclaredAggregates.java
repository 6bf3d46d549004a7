package io.varve.http.api;

import io.varve.http.config.AggregatesConfig;
import java.util.List;

/** The continuous aggregates of a server, and those that are declared over HTTP. Any thread. */
public interface DeclaredAggregates {
  /**
   * One of them.
   *
   * @param isOfFile true if the configuration has it, false if it was declared
   */
  record Listed(AggregatesConfig.Rule rule, boolean isOfFile) {}

  /** All, those of the configuration first. */
  List<Listed> list();

  /**
   * Declares one, in place of one of the same name that was declared.
   *
   * @throws IllegalArgumentException if it does not fit the store, or the configuration has one of
   *     the name; the message says so
   */
  void declare(AggregatesConfig.Rule rule);

  /**
   * Takes one away that was declared.
   *
   * @return false if there is none of the name
   * @throws IllegalArgumentException if the configuration has it
   */
  boolean remove(String name);
}
