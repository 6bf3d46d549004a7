package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import io.varve.retention.rules.template.Template;
import io.varve.retention.rules.template.TemplateException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A file of rules.
 *
 * @param groups in the order of the file
 */
public record RuleFile(List<Group> groups) {
  /**
   * Rules that are evaluated one after the other.
   *
   * @param tenant whose series they read and make; "" for the default one
   * @param intervalMillis time between evaluations; 0 stands for that of whoever evaluates
   * @param offsetMillis how far back rules look, −1 if the file does not say
   * @param limit series or alerts that a rule may yield; 0 for any number
   */
  public record Group(
      String name,
      String tenant,
      long intervalMillis,
      long offsetMillis,
      int limit,
      List<Rule> rules) {}

  /** Stands for the tenant of requests that name none; no other tenant can have this name. */
  public static final String DEFAULT_TENANT = "@default";

  /** Characters of tenants' names, as Grafana Mimir has them. */
  private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9!_.*'()-]{1,150}");

  /** What every template begins with. */
  static final String DEFINITIONS =
      "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
          + "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

  /**
   * Reads a file.
   *
   * @param evaluator checks the expressions
   * @param ignoreUnknown true if fields that are not known are no error
   * @throws RuleException if it is wrong, with a line per problem
   */
  public static RuleFile parse(String text, Evaluator evaluator, boolean ignoreUnknown) {
    YamlFields top = new YamlFields(YamlNode.read(text), "rulefmt.RuleGroups");
    List<Group> groups = new ArrayList<>();
    Set<String> names = new HashSet<>();
    List<String> problems = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    for (YamlNode node : top.list("groups")) {
      Group group = group(new YamlFields(node, "rulefmt.RuleGroup"), evaluator, problems, unknown);
      if (group.name.isEmpty()) {
        problems.add(node.line() + ":" + node.column() + ": Groupname must not be empty");
      } else if (!names.add(group.name)) {
        problems.add(
            node.line()
                + ":"
                + node.column()
                + ": groupname: \""
                + group.name
                + "\" is repeated in the same file");
      }
      groups.add(group);
    }
    unknown.addAll(0, top.unknown());
    if (!ignoreUnknown) {
      YamlFields.throwIfAny(unknown);
    }
    if (!problems.isEmpty()) {
      throw new RuleException(String.join("\n", problems));
    }
    return new RuleFile(List.copyOf(groups));
  }

  /**
   * The same with all groups for one tenant.
   *
   * @throws RuleException if a group says that it is for another one
   */
  public RuleFile forTenant(String tenant) {
    List<Group> all = new ArrayList<>();
    for (Group group : groups) {
      if (!group.tenant.isEmpty() && !group.tenant.equals(tenant)) {
        throw new RuleException(
            "group \""
                + group.name
                + "\" is for the tenant "
                + group.tenant
                + ", and its file for "
                + tenant);
      }
      all.add(
          new Group(
              group.name,
              tenant,
              group.intervalMillis,
              group.offsetMillis,
              group.limit,
              group.rules));
    }
    return new RuleFile(List.copyOf(all));
  }

  private static Group group(
      YamlFields in, Evaluator evaluator, List<String> problems, List<String> unknown) {
    int before = unknown.size();
    String name = in.text("name");
    SortedMap<String, String> common = in.map("labels");
    List<Rule> rules = new ArrayList<>();
    List<YamlNode> nodes = in.list("rules");
    for (int i = 0; i < nodes.size(); i++) {
      YamlFields fields = new YamlFields(nodes.get(i), "rulefmt.Rule");
      Rule rule = rule(fields, common, unknown);
      for (Problem problem : problems(rule, fields, evaluator)) {
        problems.add(
            problem.place
                + "group \""
                + name
                + "\", rule "
                + (i + 1)
                + ", \""
                + rule.name()
                + "\": "
                + problem.text);
      }
      rules.add(rule);
    }
    String most = in.text("limit");
    int limit;
    try {
      limit = most.isEmpty() ? 0 : Integer.parseInt(most);
    } catch (NumberFormatException e) {
      throw new RuleException("yaml: line " + in.line() + ": limit is no number");
    }
    String tenant = in.text("tenant");
    if (!tenant.isEmpty() && !tenant.equals(DEFAULT_TENANT) && !TENANT.matcher(tenant).matches()) {
      problems.add(
          in.place("tenant") + "group \"" + name + "\": no name of a tenant: \"" + tenant + '"');
    }
    Group group =
        new Group(
            name,
            tenant.equals(DEFAULT_TENANT) ? "" : tenant,
            in.duration("interval"),
            in.has("query_offset") ? in.duration("query_offset") : -1,
            limit,
            List.copyOf(rules));
    unknown.addAll(before, in.unknown());
    return group;
  }

  private static Rule rule(YamlFields in, Map<String, String> common, List<String> unknown) {
    SortedMap<String, String> labels = new TreeMap<>(common);
    labels.putAll(in.map("labels"));
    Rule rule =
        in.text("alert").isEmpty()
            ? new Rule.Recording(in.text("record"), in.text("expr"), labels)
            : new Rule.Alerting(
                in.text("alert"),
                in.text("expr"),
                in.duration("for"),
                in.duration("keep_firing_for"),
                labels,
                in.map("annotations"));
    if (rule instanceof Rule.Recording) {
      in.ignore("for");
      in.ignore("keep_firing_for");
      in.ignore("annotations");
    }
    in.ignore("record");
    unknown.addAll(in.unknown());
    return rule;
  }

  /**
   * What is wrong with a rule.
   *
   * @param place where, with a colon behind it; "" if that is not told
   */
  private record Problem(String place, String text) {}

  private static List<Problem> problems(Rule rule, YamlFields in, Evaluator evaluator) {
    List<Problem> problems = new ArrayList<>();
    if (!in.text("record").isEmpty() && !in.text("alert").isEmpty()) {
      problems.add(
          new Problem(
              in.place("record") + in.place("alert"),
              "only one of 'record' and 'alert' must be set"));
    }
    if (rule.name().isEmpty()) {
      problems.add(new Problem(in.place("record"), "one of 'record' or 'alert' must be set"));
    }
    if (rule.expression().isEmpty()) {
      problems.add(new Problem(in.place("expr"), "field 'expr' must be set in rule"));
    } else {
      try {
        evaluator.check(rule.expression());
      } catch (RuleException e) {
        problems.add(
            new Problem(in.place("expr"), "could not parse expression: " + e.getMessage()));
      }
    }
    if (rule instanceof Rule.Recording) {
      String place = in.place("record");
      if (!in.map("annotations").isEmpty()) {
        problems.add(new Problem(place, "invalid field 'annotations' in recording rule"));
      }
      for (String field : List.of("for", "keep_firing_for")) {
        if (in.duration(field) != 0) {
          problems.add(new Problem(place, "invalid field '" + field + "' in recording rule"));
        }
      }
      if (rule.name().contains("{") || rule.name().contains("}")) {
        problems.add(
            new Problem(
                place,
                "braces present in the recording rule name; should it be in expr?: "
                    + rule.name()));
      }
    }
    rule.labels()
        .forEach(
            (name, value) -> {
              if (name.isEmpty() || name.equals(Labels.METRIC_NAME)) {
                problems.add(new Problem("", "invalid label name: " + name));
              }
            });
    if (rule instanceof Rule.Alerting alerting) {
      if (alerting.annotations().containsKey("")) {
        problems.add(new Problem("", "invalid annotation name: "));
      }
      check("label", alerting, alerting.labels(), problems);
      check("annotation", alerting, alerting.annotations(), problems);
    }
    return problems;
  }

  private static void check(
      String kind, Rule rule, SortedMap<String, String> templates, List<Problem> problems) {
    templates.forEach(
        (name, text) -> {
          try {
            Template.parse(DEFINITIONS + text);
          } catch (TemplateException e) {
            problems.add(
                new Problem(
                    "",
                    kind
                        + " \""
                        + name
                        + "\": template: __alert_"
                        + rule.name()
                        + ":1: "
                        + e.getMessage()));
          }
        });
  }
}
