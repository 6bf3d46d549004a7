package io.varve.retention.rules;

import java.util.List;

/**
 * A group of rules, and how its evaluations go. Immutable.
 *
 * @param file the path of its file
 * @param tenant whose series its rules read and make; "" for the default one
 * @param intervalMillis between evaluations
 * @param limit series or alerts that a rule may yield; 0 for any number
 * @param evaluationNanos how long the last evaluation took
 * @param lastMillis when the last evaluation began, by the clock; 0 if there was none
 * @param rules in the order of the file
 * @param counts what was counted since the group first was there
 * @param catchUp how far the gap of the time before the start is filled
 */
public record GroupStatus(
    String file,
    String name,
    String tenant,
    long intervalMillis,
    int limit,
    long evaluationNanos,
    long lastMillis,
    List<RuleStatus> rules,
    Counts counts,
    CatchUp catchUp) {
  /**
   * Counts of a group.
   *
   * @param iterations evaluations that were due, those that were missed included
   * @param missed iterations that did not take place, as the one before took too long
   * @param evaluations of single rules
   * @param failures those of them that failed
   * @param samples that the last iteration made
   * @param restoreNanos how long it took to find out since when alerts were pending before the
   *     start
   */
  public record Counts(
      long iterations,
      long missed,
      long evaluations,
      long failures,
      long samples,
      long restoreNanos) {
    static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0);

    /** These and another iteration, which comes after some that were missed. */
    Counts with(long nowMissed, RuleGroup.Outcome outcome) {
      return new Counts(
          iterations + nowMissed + 1,
          missed + nowMissed,
          evaluations + outcome.evaluated(),
          failures + outcome.failed(),
          outcome.samples(),
          restoreNanos);
    }

    Counts withRestoreNanos(long nanos) {
      return new Counts(iterations, missed, evaluations, failures, samples, nanos);
    }
  }

  /**
   * How iterations that were missed while nothing ran are made good.
   *
   * @param left iterations that are still to be evaluated
   * @param done iterations that were evaluated
   * @param samples that they stored
   * @param failures evaluations of single rules that failed
   */
  public record CatchUp(long left, long done, long samples, long failures) {
    static final CatchUp NONE = new CatchUp(0, 0, 0, 0);
  }

  /** File, name and, unless it is the default one, tenant, which are a group's identity. */
  public String key() {
    return key(file, name, tenant);
  }

  static String key(String file, RuleFile.Group group) {
    return key(file, group.name(), group.tenant());
  }

  private static String key(String file, String name, String tenant) {
    return file + ";" + name + (tenant.isEmpty() ? "" : ";" + tenant);
  }
}
