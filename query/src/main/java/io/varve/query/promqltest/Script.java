package io.varve.query.promqltest;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.promql.Expr;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The commands of a script, read from its text. */
final class Script {
  /** A command. */
  sealed interface Command {}

  /** Forgets all series. */
  record Clear() implements Command {}

  /**
   * A series and its values.
   *
   * @param starts the start time of each value, seconds after its own time; empty if there are none
   */
  record Series(Labels labels, List<Sequence.Value> values, List<Sequence.Value> starts) {}

  /**
   * Adds series from time 0 on, a value per step.
   *
   * @param line in the script, from 1
   * @param customBuckets true if native histograms are made of the classic ones as well
   */
  record Load(int line, long stepMillis, boolean customBuckets, List<Series> series)
      implements Command {}

  /**
   * What of an evaluation's annotations or error is expected.
   *
   * @param pattern what is looked for; null if the text must be equal
   */
  record Expectation(Kind kind, String text, @Nullable Pattern pattern) {
    enum Kind {
      FAIL,
      WARN,
      INFO,
      NO_WARN,
      NO_INFO
    }

    /** True if the text is as expected; an empty expectation fits any. */
    boolean fits(String found) {
      return pattern == null ? text.isEmpty() || text.equals(found) : pattern.matcher(found).find();
    }
  }

  /**
   * An expression and what it is expected to yield.
   *
   * @param line in the script, from 1
   * @param command the line itself
   * @param expected the lines below it
   * @param endMillis the same as the start in an instant evaluation
   * @param stepMillis 0 in an instant evaluation
   * @param scalar the expected number; null if a vector or matrix is expected
   * @param string the expected text; null if none is
   * @param rangeVector start and step of the expected points of an instant evaluation that yields a
   *     range vector; null if it does not
   */
  record Eval(
      int line,
      String command,
      String expected,
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

  private static final Pattern LOAD = Pattern.compile("load(?:_(with_nhcb))?\\s+(.+?)");
  private static final Pattern INSTANT =
      Pattern.compile("eval(?:_(fail|warn|ordered|info))?\\s+instant\\s+(?:at\\s+(.+?))?\\s+(.+)");
  private static final Pattern RANGE =
      Pattern.compile(
          "eval(?:_(fail|warn|info))?\\s+range\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+?)\\s+(.+)");
  private static final Pattern EXPECTED_RANGE =
      Pattern.compile("expect\\s+range vector\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+)");
  private static final Pattern EXPECT =
      Pattern.compile(
          "expect\\s+(ordered|fail|warn|no_warn|info|no_info)(?:\\s+(regex|msg):(.+))?");

  private final List<String> lines;
  private int at;

  private Script(List<String> lines) {
    this.lines = lines;
  }

  /**
   * Reads a script.
   *
   * @throws ScriptException if it is none
   */
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
      String word = line.split("\\s", 2)[0].toLowerCase(Locale.ROOT);
      if (word.equals("clear")) {
        at++;
        commands.add(new Clear());
      } else if (word.startsWith("load")) {
        commands.add(load(line));
      } else if (word.startsWith("eval")) {
        commands.add(eval(line));
      } else {
        throw error("expected load, eval or clear, found \"" + word + "\"");
      }
    }
    return commands;
  }

  /** The line, "" for a comment. */
  private String line() {
    String line = lines.get(at).trim();
    return line.startsWith("#") ? "" : line;
  }

  private Scanner scanner() {
    return scanner(line());
  }

  /** Over a part of the line. */
  private Scanner scanner(String part) {
    return new Scanner(part, at + 1, Math.max(0, lines.get(at).indexOf(part)));
  }

  private ScriptException error(String problem) {
    return scanner().error(problem);
  }

  private Load load(String command) {
    com.google.re2j.Matcher header = LOAD.matcher(command);
    if (!header.matches()) {
      throw error("expected load or load_with_nhcb and a step");
    }
    int number = at + 1;
    long step = scanner(header.group(2)).millis();
    List<Series> series = new ArrayList<>();
    List<Sequence.Value> defaultStarts = List.of();
    List<Sequence.Value> starts = null;
    Labels startsOf = Labels.EMPTY;
    for (at++; at < lines.size() && !line().isEmpty(); at++) {
      Scanner scanner = scanner();
      String name = scanner.metric();
      if (scanner.take("@st")) {
        if (starts != null) {
          throw error("the start times before have no series");
        }
        List<Sequence.Value> read = Sequence.readStarts(scanner);
        if (name.isEmpty()) {
          defaultStarts = read;
        } else {
          starts = read;
          startsOf = labels(name);
        }
        continue;
      }
      Labels labels = labels(name);
      List<Sequence.Value> values = Sequence.read(scanner);
      if (starts == null) {
        starts = cycle(defaultStarts, values.size());
      } else if (!labels.equals(startsOf)) {
        throw error("the start times before are those of another series: " + startsOf);
      } else if (starts.size() != values.size()) {
        throw error(starts.size() + " start times, but " + values.size() + " values");
      }
      series.removeIf(s -> s.labels.equals(labels)); // a second line replaces the first
      series.add(new Series(labels, values, starts));
      starts = null;
    }
    if (starts != null) {
      throw new ScriptException(at, 1, "start times without a series");
    }
    return new Load(number, step, header.group(1) != null, series);
  }

  private static List<Sequence.Value> cycle(List<Sequence.Value> starts, int size) {
    if (starts.isEmpty()) {
      return starts;
    }
    List<Sequence.Value> all = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      all.add(starts.get(i % starts.size()));
    }
    return all;
  }

  /** Labels written as a selector that says "equal". */
  private Labels labels(String text) {
    List<Matcher> matchers;
    try {
      matchers = Parser.parseSelector(text);
    } catch (ParseException e) {
      throw error("expected a series: " + e.getMessage());
    }
    Labels.Builder labels = new Labels.Builder();
    for (Matcher matcher : matchers) {
      if (matcher.type() != Matcher.Type.EQ) {
        throw error("a label of a series must be written with =, not " + matcher);
      }
      labels.set(matcher.name(), matcher.value());
    }
    return labels.build();
  }

  private Eval eval(String command) {
    int number = at + 1;
    com.google.re2j.Matcher range = RANGE.matcher(command);
    com.google.re2j.Matcher instant = INSTANT.matcher(command);
    String suffix;
    String expression;
    long start;
    long end;
    long step;
    if (range.matches()) {
      suffix = range.group(1);
      start = scanner(range.group(2)).millis();
      end = scanner(range.group(3)).millis();
      step = scanner(range.group(4)).millis();
      expression = range.group(5);
      if (end < start || step <= 0) {
        throw error("the end is before the start, or the step is not positive");
      }
    } else if (instant.matches()) {
      suffix = instant.group(1);
      start = instant.group(2) == null ? 0 : scanner(instant.group(2)).millis();
      end = start;
      step = 0;
      expression = instant.group(3);
    } else {
      throw error(
          "expected eval[_fail|_warn|_info|_ordered] instant [at TIME] EXPRESSION, or"
              + " eval[_fail|_warn|_info] range from TIME to TIME step STEP EXPRESSION");
    }
    boolean ordered = "ordered".equals(suffix);
    List<Expectation> expectations = new ArrayList<>();
    if (suffix != null && !ordered) {
      expectations.add(
          new Expectation(
              Expectation.Kind.valueOf(suffix.toUpperCase(Locale.ROOT)),
              "",
              suffix.equals("fail") ? null : Pattern.compile("")));
    }
    Double scalar = null;
    String string = null;
    long[] rangeVector = null;
    List<Series> series = new ArrayList<>();
    int first = at + 1;
    for (at++; at < lines.size() && !line().isEmpty(); at++) {
      String expected = line();
      com.google.re2j.Matcher points = EXPECTED_RANGE.matcher(expected);
      if (points.matches()) {
        rangeVector =
            new long[] {scanner(points.group(1)).millis(), scanner(points.group(3)).millis()};
      } else if (expected.startsWith("expect string")) {
        string = string(expected.substring("expect string".length()).trim());
      } else if (expected.startsWith("expected_fail_message ")) {
        expectations.add(
            new Expectation(
                Expectation.Kind.FAIL,
                expected.substring("expected_fail_message ".length()).trim(),
                null));
      } else if (expected.startsWith("expected_fail_regexp ")) {
        expectations.add(
            new Expectation(
                Expectation.Kind.FAIL,
                "",
                pattern(expected.substring("expected_fail_regexp ".length()).trim())));
      } else if (expected.equals("expect ordered")) {
        ordered = true;
      } else if (expected.equals("expect") || expected.startsWith("expect ")) {
        expectations.add(expectation(expected));
      } else if (isNumber(expected)) {
        scalar = scanner().number();
        at++;
        break; // nothing else can be expected
      } else {
        Scanner scanner = scanner();
        Labels labels = labels(scanner.metric());
        List<Sequence.Value> values = Sequence.read(scanner);
        if (values.size() > 1 && step == 0 && rangeVector == null) {
          throw error(
              "several values of an instant evaluation; \"expect range vector from … to … step …\""
                  + " says that it yields a range vector");
        }
        series.add(new Series(labels, values, List.of()));
      }
    }
    check(expectations, Expectation.Kind.WARN, Expectation.Kind.NO_WARN, number);
    check(expectations, Expectation.Kind.INFO, Expectation.Kind.NO_INFO, number);
    return new Eval(
        number,
        command,
        String.join("\n", lines.subList(first, at).stream().map(String::trim).toList()),
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

  private static void check(
      List<Expectation> expectations, Expectation.Kind some, Expectation.Kind none, int line) {
    if (expectations.stream().anyMatch(e -> e.kind == some)
        && expectations.stream().anyMatch(e -> e.kind == none)) {
      throw new ScriptException(line, 1, "both " + some + " and " + none + " are expected");
    }
  }

  private boolean isNumber(String text) {
    try {
      Scanner scanner = scanner(text);
      scanner.number();
      return scanner.atEnd();
    } catch (ScriptException e) {
      return false;
    }
  }

  private String string(String text) {
    try {
      if (Parser.parse(text) instanceof Expr.StringLiteral literal) {
        return literal.value();
      }
    } catch (ParseException e) {
      throw error("expected a string in quotes: " + e.getMessage());
    }
    throw error("expected a string in quotes");
  }

  private Pattern pattern(String text) {
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw error("not a regular expression: " + e.getMessage());
    }
  }

  private Expectation expectation(String line) {
    com.google.re2j.Matcher parts = EXPECT.matcher(line);
    if (!parts.matches() || parts.group(1).equals("ordered")) {
      throw error(
          "expected expect ordered, or expect fail, warn, no_warn, info or no_info, and perhaps"
              + " msg:TEXT or regex:PATTERN");
    }
    Expectation.Kind kind = Expectation.Kind.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
    String text = parts.group(3) == null ? "" : parts.group(3).trim();
    return "msg".equals(parts.group(2))
        ? new Expectation(kind, text, null)
        : new Expectation(kind, "", pattern(text));
  }
}
