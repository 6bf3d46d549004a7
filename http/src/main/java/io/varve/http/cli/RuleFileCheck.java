package io.varve.http.cli;

import io.varve.http.replay.Replay;
import io.varve.retention.rules.Rule;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleFile.Group;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Checks the text of a file of rules and tells what it finds, as {@code promtool check rules} does:
 * what is wrong, and rules that are there twice.
 */
final class RuleFileCheck {
  /** What came of it. */
  enum Outcome {
    /** Nothing to say against it. */
    FINE,
    /** Readable, but not as anybody would want it. */
    QUESTIONABLE,
    /** A server would refuse it. */
    WRONG
  }

  private static final Comparator<Rule> ORDER =
      Comparator.comparing(Rule::name).thenComparing(rule -> rule.labels().toString());

  private final boolean duplicates;
  private final boolean ignoreUnknown;

  /**
   * @param duplicates whether rules that are there twice are told of
   */
  RuleFileCheck(boolean duplicates, boolean ignoreUnknown) {
    this.duplicates = duplicates;
    this.ignoreUnknown = ignoreUnknown;
  }

  /**
   * Checks a text.
   *
   * @param name of the file, which every problem is told with
   */
  Outcome check(String name, String text, PrintStream out, PrintStream err) {
    RuleFile file;
    try {
      file = RuleFile.parse(text, Replay.checker(), ignoreUnknown);
    } catch (RuleException e) {
      out.flush();
      err.println("  FAILED:");
      String.valueOf(e.getMessage())
          .lines() // those that are indented go on with the one before
          .forEach(line -> err.println(line.startsWith(" ") ? line : name + ": " + line));
      return Outcome.WRONG;
    }
    List<Rule> twice = duplicates ? twice(file) : List.of();
    if (!twice.isEmpty()) {
      out.flush();
      err.println("  FAILED:");
      StringBuilder message = new StringBuilder();
      message.append("lint error ").append(twice.size()).append(" duplicate rule(s) found.\n");
      for (Rule rule : twice) {
        message.append("Metric: ").append(rule.name()).append("\nLabel(s):\n");
        rule.labels()
            .forEach(
                (label, value) ->
                    message.append('\t').append(label).append(": ").append(value).append('\n'));
      }
      err.println(message.append("Might cause inconsistency while recording expressions"));
      return Outcome.QUESTIONABLE;
    }
    int rules = file.groups().stream().mapToInt(group -> group.rules().size()).sum();
    out.println("  SUCCESS: " + rules + " rules found");
    return Outcome.FINE;
  }

  /** Rules of the same name and labels, one of each. */
  private static List<Rule> twice(RuleFile file) {
    List<Rule> all = new ArrayList<>();
    for (Group group : file.groups()) {
      all.addAll(group.rules());
    }
    all.sort(ORDER);
    List<Rule> twice = new ArrayList<>();
    for (int i = 1; i < all.size(); i++) {
      boolean again = ORDER.compare(all.get(i - 1), all.get(i)) == 0;
      if (again && (twice.isEmpty() || ORDER.compare(twice.getLast(), all.get(i)) != 0)) {
        twice.add(all.get(i));
      }
    }
    return twice;
  }
}
