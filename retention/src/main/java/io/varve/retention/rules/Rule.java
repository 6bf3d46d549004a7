package io.varve.retention.rules;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A rule as its file has it. */
public sealed interface Rule {
  /** The name of what it makes: of a metric, or of alerts. */
  String name();

  /** The expression as it is written. */
  String expression();

  /** Labels that the results get, in order. */
  SortedMap<String, String> labels();

  /** Stores the result of an expression under a name. */
  record Recording(String name, String expression, SortedMap<String, String> labels)
      implements Rule {
    /** Keeps the labels. */
    public Recording {
      labels = sorted(labels);
    }
  }

  /**
   * Makes alerts of the result of an expression.
   *
   * @param forMillis how long a series must be there before its alert fires
   * @param keepFiringMillis how long an alert goes on after its series has gone
   * @param labels templates
   * @param annotations templates
   */
  record Alerting(
      String name,
      String expression,
      long forMillis,
      long keepFiringMillis,
      SortedMap<String, String> labels,
      SortedMap<String, String> annotations)
      implements Rule {
    /** Keeps the labels and annotations. */
    public Alerting {
      labels = sorted(labels);
      annotations = sorted(annotations);
    }
  }

  private static SortedMap<String, String> sorted(Map<String, String> map) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(map));
  }
}
