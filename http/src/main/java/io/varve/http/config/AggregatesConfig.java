package io.varve.http.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.AggregateRule;
import io.varve.engine.CellPart;
import io.varve.engine.Grouping;
import io.varve.engine.model.Matcher;
import io.varve.query.grouped.GroupedColumn;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.Printer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The continuous aggregates of a configuration.
 *
 * @param rules in the order of the file
 * @param auditMillis between two looks at cells that are derived again; 0 for never
 */
public record AggregatesConfig(List<Rule> rules, long auditMillis) {
  private static final long SECOND = 1_000;
  private static final long DAY = 86_400 * SECOND;
  private static final int MOST_RULES = 100;
  private static final int MOST_LABELS = 50;

  /** Made when it is needed: it takes a twentieth of a start. */
  private static final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();
  }

  /**
   * One continuous aggregate.
   *
   * @param name tells it from others
   * @param match a series selector
   * @param tenant null for all tenants
   * @param resolutions widths of cells in milliseconds, ascending
   * @param functions by the words of {@link Function}, in lower case
   * @param groups null if cells of each series are kept
   */
  public record Rule(
      String name,
      String match,
      @Nullable String tenant,
      List<Long> resolutions,
      List<Function> functions,
      @Nullable Groups groups) {
    /** What the engine is told of one. */
    public AggregateRule toEngine() {
      if (groups != null) {
        List<String> columns =
            GroupedColumn.names(
                groups.aggregations, functions.stream().map(Function::signature).toList());
        Grouping grouping = new Grouping(groups.without, groups.labels, columns);
        return new AggregateRule(name, tenant, matchers(match), resolutions, grouping);
      }
      Set<CellPart> parts = EnumSet.noneOf(CellPart.class);
      functions.forEach(function -> parts.addAll(function.parts));
      return new AggregateRule(name, tenant, matchers(match), resolutions, parts);
    }

    /** As the file has it, line by line. */
    List<String> lines() {
      List<String> item = new ArrayList<>();
      item.add("name: " + ConfigText.escaped(name));
      item.add("match: " + ConfigText.escaped(match));
      if (tenant != null) {
        item.add("tenant: " + ConfigText.escaped(tenant));
      }
      item.add(list("resolutions", resolutions.stream().map(Durations::print).toList()));
      item.add(list("functions", functions.stream().map(Function::word).toList()));
      if (groups != null) {
        item.add(
            list(
                groups.without ? "without" : "by",
                groups.labels.stream().map(ConfigText::escaped).toList()));
        item.add(
            list("aggregations", groups.aggregations.stream().map(Aggregation::text).toList()));
      }
      return item;
    }

    /** The same as a text, which {@link AggregatesConfig#parse} reads. */
    public String text() {
      return String.join("\n", lines());
    }

    private static String list(String key, List<String> items) {
      return key + ": [" + String.join(", ", items) + "]";
    }
  }

  /**
   * How series are grouped.
   *
   * @param without true for all labels but these
   * @param labels by which
   * @param aggregations what is kept of each group
   */
  public record Groups(boolean without, List<String> labels, List<Aggregation> aggregations) {}

  /** What can be answered from cells. */
  public enum Function {
    /** {@code rate()}. */
    RATE(CellPart.FIRST, CellPart.RESETS),
    /** {@code increase()}. */
    INCREASE(CellPart.FIRST, CellPart.RESETS),
    /** {@code resets()}. */
    RESETS(CellPart.FIRST, CellPart.RESETS),
    /** {@code delta()}. */
    DELTA(CellPart.FIRST),
    /** {@code sum_over_time()}. */
    SUM(CellPart.SUM),
    /** {@code avg_over_time()}. */
    AVG(CellPart.SUM),
    /** {@code min_over_time()}. */
    MIN(CellPart.BOUNDS),
    /** {@code max_over_time()}. */
    MAX(CellPart.BOUNDS),
    /** {@code count_over_time()}; every cell has it. */
    COUNT,
    /** {@code last_over_time()} and selectors where samples are gone; every cell has it. */
    LAST;

    private final List<CellPart> parts;

    /** The function that groups are kept of; null if there are none. */
    private @Nullable FunctionSignature grouped() {
      return switch (this) {
        case RATE -> FunctionSignature.RATE;
        case INCREASE -> FunctionSignature.INCREASE;
        case SUM -> FunctionSignature.SUM_OVER_TIME;
        case AVG -> FunctionSignature.AVG_OVER_TIME;
        case MIN -> FunctionSignature.MIN_OVER_TIME;
        case MAX -> FunctionSignature.MAX_OVER_TIME;
        case COUNT -> FunctionSignature.COUNT_OVER_TIME;
        case LAST -> FunctionSignature.LAST_OVER_TIME;
        case RESETS, DELTA -> null;
      };
    }

    private FunctionSignature signature() {
      FunctionSignature signature = grouped();
      if (signature == null) {
        throw new IllegalStateException("BUG: groups of " + word());
      }
      return signature;
    }

    Function(CellPart... parts) {
      this.parts = List.of(parts);
    }

    private static Function of(String text) {
      String word = text.endsWith("_over_time") ? text.substring(0, text.length() - 10) : text;
      for (Function function : values()) {
        if (function.word().equals(word)) {
          return function;
        }
      }
      List<String> words = new ArrayList<>();
      for (Function function : values()) {
        words.add(function.word());
      }
      throw new IllegalArgumentException("\"" + text + "\" is none of " + String.join(", ", words));
    }

    private String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * Refuses what a store would refuse.
   *
   * @param windowMillis width of its windows
   * @param in the section
   */
  void checkFit(long windowMillis, Settings in) {
    for (Rule rule : rules) {
      for (long width : rule.resolutions) {
        if (windowMillis % width != 0) {
          throw in.wrong(
              "rules",
              "aggregate '"
                  + rule.name
                  + "': a resolution of "
                  + Durations.print(width)
                  + " does not divide the windows of "
                  + Durations.print(windowMillis)
                  + " (storage.window)");
        }
      }
    }
  }

  /**
   * Reads one aggregate.
   *
   * @param text as in the configuration
   * @throws ConfigException saying what is wrong with it
   */
  public static Rule parse(String text) {
    return rule(
        Settings.top("aggregate", YamlFile.read("aggregate", text), new ArrayList<>()),
        new HashSet<>());
  }

  /**
   * One aggregate of these settings.
   *
   * @param values by key
   * @param lists by key
   * @throws ConfigException saying what is wrong with it
   */
  public static Rule of(Map<String, String> values, Map<String, List<String>> lists) {
    List<String> lines = new ArrayList<>();
    values.forEach((key, value) -> lines.add(key + ": " + ConfigText.escaped(value)));
    lists.forEach(
        (key, items) ->
            lines.add(
                Rule.list(
                    key, items.stream().map(item -> ConfigText.escaped(item.strip())).toList())));
    return parse(String.join("\n", lines));
  }

  /** All of it as a text, the same one for the same aggregates. */
  public String text() {
    return Json.MAPPER
        .createArrayNode()
        .addAll(
            rules.stream().map(rule -> Json.MAPPER.getNodeFactory().textNode(rule.text())).toList())
        .toString();
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws ConfigException saying what is wrong with it
   */
  public static AggregatesConfig parseAll(String text, long auditMillis) {
    try {
      List<Rule> rules = new ArrayList<>();
      for (String rule : Json.MAPPER.readValue(text, String[].class)) {
        rules.add(parse(rule));
      }
      return new AggregatesConfig(List.copyOf(rules), auditMillis);
    } catch (JsonProcessingException e) {
      throw new ConfigException("aggregates: " + e.getOriginalMessage());
    }
  }

  /** What the engine is told. */
  public List<AggregateRule> toEngine() {
    return rules.stream().map(Rule::toEngine).toList();
  }

  /** Reads section {@code aggregates}. */
  static AggregatesConfig read(Settings in) {
    long audit = in.millisOr("audit_interval", "never", 60 * SECOND, SECOND);
    List<Rule> rules = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Settings each : in.sections("rules")) {
      rules.add(rule(each, names));
    }
    if (rules.size() > MOST_RULES) {
      throw new ConfigException("aggregates.rules has more than " + MOST_RULES + " entries");
    }
    in.done();
    return new AggregatesConfig(List.copyOf(rules), audit);
  }

  private static Rule rule(Settings in, Set<String> names) {
    String name =
        in.required(
            "name",
            text -> {
              if (text.isEmpty() || !names.add(text)) {
                throw new IllegalArgumentException("another aggregate is called \"" + text + "\"");
              }
              return text;
            });
    String match = in.value("match", "{}", text -> Printer.selector(matchers(text)));
    @Nullable String tenant =
        in.value("tenant", Optional.<String>empty(), Optional::of).orElse(null);
    List<String> widths = in.texts("resolutions", AggregatesConfig::checkResolutions);
    if (widths.isEmpty()) {
      var _ = in.required("resolutions", text -> text); // which says that they are missing
    }
    List<String> words = in.texts("functions", texts -> texts.forEach(Function::of));
    Groups groups = groups(in, match, words);
    in.done();
    TreeSet<Long> resolutions = new TreeSet<>();
    widths.forEach(text -> resolutions.add(Durations.parseMillis(text)));
    EnumSet<Function> functions =
        words.isEmpty() ? EnumSet.allOf(Function.class) : EnumSet.noneOf(Function.class);
    words.forEach(word -> functions.add(Function.of(word)));
    return new Rule(name, match, tenant, List.copyOf(resolutions), List.copyOf(functions), groups);
  }

  private static @Nullable Groups groups(Settings in, String match, List<String> functions) {
    boolean by = in.has("by");
    boolean without = in.has("without");
    List<String> labels = new ArrayList<>(in.texts("by", texts -> checkLabels(texts, true)));
    labels.addAll(in.texts("without", texts -> checkLabels(texts, false)));
    List<String> words =
        in.texts("aggregations", texts -> texts.forEach(AggregatesConfig::aggregation));
    if (!by && !without) {
      if (!words.isEmpty()) {
        throw in.wrong("aggregations", "takes by or without besides it");
      }
      return null;
    }
    if (by && without) {
      throw in.wrong("without", "there is by already");
    }
    if (functions.isEmpty()) {
      throw in.wrong("functions", "is missing: groups are kept of functions that are named");
    }
    for (String function : functions) {
      if (Function.of(function).grouped() == null) {
        throw in.wrong("functions", "no groups are kept of " + function);
      }
    }
    if (matchers(match).stream().allMatch(Matcher::matchesEmpty)) {
      throw in.wrong(
          "match",
          "groups are kept of series that a query can select: say of which, as match: a_metric");
    }
    List<Aggregation> aggregations = new ArrayList<>();
    for (Aggregation aggregation : GroupedColumn.AGGREGATIONS) {
      if (words.isEmpty() ? aggregation == Aggregation.SUM : words.contains(aggregation.text())) {
        aggregations.add(aggregation);
      }
    }
    return new Groups(without, labels.stream().sorted().distinct().toList(), aggregations);
  }

  private static void checkLabels(List<String> labels, boolean by) {
    if (labels.size() > MOST_LABELS) {
      throw new IllegalArgumentException("more than " + MOST_LABELS + " labels");
    }
    for (String label : labels) {
      if (label.isEmpty()) {
        throw new IllegalArgumentException("a label without a name");
      }
      if (by
          && (label.equals("__name__") || label.equals("__type__") || label.equals("__unit__"))) {
        throw new IllegalArgumentException(label + " is lost by functions");
      }
    }
  }

  private static Aggregation aggregation(String word) {
    List<String> words = new ArrayList<>();
    for (Aggregation aggregation : GroupedColumn.AGGREGATIONS) {
      if (aggregation.text().equals(word)) {
        return aggregation;
      }
      words.add(aggregation.text());
    }
    throw new IllegalArgumentException("\"" + word + "\" is none of " + String.join(", ", words));
  }

  private static void checkResolutions(List<String> texts) {
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("at least one resolution is needed, such as [5m, 1h]");
    }
    for (String text : texts) {
      long millis = Durations.parseMillis(text);
      if (millis < SECOND || millis > 30 * DAY) {
        throw new IllegalArgumentException(text + " is not between 1s and 30d");
      }
    }
  }

  /** Reads a selector; {@code {}} is every series. */
  private static List<Matcher> matchers(String text) {
    if (text.replace(" ", "").equals("{}")) {
      return List.of();
    }
    try {
      return Parser.parseSelector(text);
    } catch (ParseException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no series selector: " + e.getMessage(), e);
    }
  }

  void write(ConfigText text) {
    text.section("aggregates");
    text.line("audit_interval", auditMillis == 0 ? "never" : Durations.print(auditMillis));
    List<List<String>> items = new ArrayList<>();
    for (Rule rule : rules) {
      items.add(rule.lines());
    }
    text.items("rules", items);
  }
}
