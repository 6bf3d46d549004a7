package io.varve.query.script;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.promql.Parser;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The commands of a script, read from its text. */
final class Script {
  /** A command. */
  sealed interface Command {}

  /** Forgets all series. */
  record Clear() implements Command {}

  /** A series and its values. */
  record Series(Labels labels, List<Sequence.Value> values, List<Sequence.Value> starts) {}

  /** Adds series from time 0 on, a value per step. */
  record Load(long stepMillis, boolean customBuckets, List<Series> series) implements Command {}

  /** What of an evaluation's annotations or error is expected. */
  record Expectation(Kind kind, String text, boolean regex) {
    enum Kind {
      FAIL,
      WARN,
      INFO,
      NO_WARN,
      NO_INFO
    }

    /** True if the text is as expected; an empty expectation fits any. */
    boolean fits(String found) {
      return text.isEmpty()
          || (regex ? Pattern.compile(text).matcher(found).find() : text.equals(found));
    }
  }

  /**
   * An expression and what it is expected to yield.
   *
   * @param line in the script
   * @param endMillis the same as the start in an instant evaluation
   * @param stepMillis 0 in an instant evaluation
   * @param scalar the expected number; null if a vector or matrix is expected
   * @param string the expected text; null if none is
   * @param rangeVector start and step of the expected points of an instant evaluation that yields a
   *     range vector; null if it does not
   */
  record Eval(
      int line,
      String expression,
      long startMillis,
      long endMillis,
      long stepMillis,
      boolean ordered,
      List<Expectation> expectations,
      @Nullable Double scalar,
      @Nullable String string,
      long @Nullable [] rangeVector,
      List<Series> series)
      implements Command {
    boolean isInstant() {
      return stepMillis == 0;
    }

    boolean expectsFailure() {
      return expectations.stream().anyMatch(e -> e.kind == Expectation.Kind.FAIL);
    }
  }

  private static final Pattern LOAD = Pattern.compile("^load(?:_(with_nhcb))?\\s+(.+?)$");
  private static final Pattern INSTANT =
      Pattern.compile(
          "^eval(?:_(fail|warn|ordered|info))?\\s+instant\\s+(?:at\\s+(.+?))?\\s+(.+)$");
  private static final Pattern RANGE =
      Pattern.compile(
          "^eval(?:_(fail|warn|info))?\\s+range\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+?)\\s+(.+)$");
  private static final Pattern EXPECTED_RANGE =
      Pattern.compile("^expect\\s+range vector\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+)$");

  private final List<String> lines;
  private int at;

  private Script(List<String> lines) {
    this.lines = lines;
  }

  /** Reads a script. */
  static List<Command> read(List<String> lines) {
    return new Script(lines).commands();
  }

  private List<Command> commands() {
    List<Command> commands = new ArrayList<>();
    while (at < lines.size()) {
      String line = line();
      if (line.isEmpty()) {
        at++;
        continue;
      }
      java.util.regex.Matcher load = LOAD.matcher(line);
      if (line.equals("clear")) {
        at++;
        commands.add(new Clear());
      } else if (load.matches()) {
        at++;
        commands.add(load(Scanner.millis(load.group(2)), load.group(1) != null));
      } else {
        commands.add(eval(line));
      }
    }
    return commands;
  }

  /** The line, "" for a comment. */
  private String line() {
    String line = lines.get(at).trim();
    return line.startsWith("#") ? "" : line;
  }

  private Load load(long step, boolean customBuckets) {
    List<Series> series = new ArrayList<>();
    List<Sequence.Value> starts = List.of();
    for (; at < lines.size() && !line().isEmpty(); at++) {
      Scanner scanner = new Scanner(line());
      Labels labels = labels(scanner.metric());
      if (scanner.take("@st")) {
        starts = starts(scanner);
        continue;
      }
      List<Sequence.Value> values = Sequence.read(scanner);
      series.removeIf(s -> s.labels.equals(labels)); // a second line replaces the first
      series.add(new Series(labels, values, starts));
      starts = List.of();
    }
    return new Load(step, customBuckets, series);
  }

  private static List<Sequence.Value> starts(Scanner scanner) {
    return Sequence.read(scanner);
  }

  /** Labels written as a selector that says "equal". */
  static Labels labels(String text) {
    Labels.Builder labels = new Labels.Builder();
    for (Matcher matcher : Parser.parseSelector(text)) {
      if (matcher.type() != Matcher.Type.EQ) {
        throw new IllegalArgumentException("no label: " + matcher);
      }
      labels.set(matcher.name(), matcher.value());
    }
    return labels.build();
  }

  private Eval eval(String line) {
    int number = at + 1;
    java.util.regex.Matcher range = RANGE.matcher(line);
    java.util.regex.Matcher instant = INSTANT.matcher(line);
    String suffix;
    String expression;
    long start;
    long end;
    long step;
    if (range.matches()) {
      suffix = range.group(1);
      start = Scanner.millis(range.group(2));
      end = Scanner.millis(range.group(3));
      step = Scanner.millis(range.group(4));
      expression = range.group(5);
    } else if (instant.matches()) {
      suffix = instant.group(1);
      start = instant.group(2) == null ? 0 : Scanner.millis(instant.group(2));
      end = start;
      step = 0;
      expression = instant.group(3);
    } else {
      throw new IllegalArgumentException("line " + number + ": " + line);
    }
    boolean ordered = "ordered".equals(suffix);
    List<Expectation> expectations = new ArrayList<>();
    if (suffix != null) {
      switch (suffix) {
        case "fail" -> expectations.add(new Expectation(Expectation.Kind.FAIL, "", false));
        case "warn" -> expectations.add(new Expectation(Expectation.Kind.WARN, "", false));
        case "info" -> expectations.add(new Expectation(Expectation.Kind.INFO, "", false));
        default -> {}
      }
    }
    Double scalar = null;
    String string = null;
    long[] rangeVector = null;
    List<Series> series = new ArrayList<>();
    for (at++; at < lines.size() && !line().isEmpty(); at++) {
      String expected = line();
      java.util.regex.Matcher points = EXPECTED_RANGE.matcher(expected);
      if (expected.equals("expect ordered")) {
        ordered = true;
      } else if (points.matches()) {
        rangeVector = new long[] {Scanner.millis(points.group(1)), Scanner.millis(points.group(3))};
      } else if (expected.startsWith("expect string ")) {
        String text = expected.substring("expect string ".length()).trim();
        string = ((io.varve.query.promql.Expr.StringLiteral) Parser.parse(text)).value();
      } else if (expected.startsWith("expect ")) {
        expectations.add(expectation(expected.substring("expect ".length()).trim()));
      } else if (series.isEmpty() && isNumber(expected)) {
        scalar = new Scanner(expected).number();
      } else {
        Scanner scanner = new Scanner(expected);
        Labels labels = labels(scanner.metric());
        series.add(new Series(labels, Sequence.read(scanner), List.of()));
      }
    }
    return new Eval(
        number,
        expression,
        start,
        end,
        step,
        ordered,
        expectations,
        scalar,
        string,
        rangeVector,
        series);
  }

  private static boolean isNumber(String text) {
    try {
      Scanner scanner = new Scanner(text);
      scanner.number();
      return scanner.atEnd();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Expectation expectation(String text) {
    int space = text.indexOf(' ');
    String kind = space < 0 ? text : text.substring(0, space);
    String rest = text.substring(kind.length()).trim();
    boolean regex = rest.startsWith("regex:");
    String value = rest.replaceFirst("^(msg|regex):", "").trim();
    return switch (kind) {
      case "fail" -> new Expectation(Expectation.Kind.FAIL, value, regex);
      case "warn" -> new Expectation(Expectation.Kind.WARN, value, regex);
      case "info" -> new Expectation(Expectation.Kind.INFO, value, regex);
      case "no_warn" -> new Expectation(Expectation.Kind.NO_WARN, value, regex);
      case "no_info" -> new Expectation(Expectation.Kind.NO_INFO, value, regex);
      default -> throw new IllegalArgumentException("expect " + text);
    };
  }
}
