package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import io.varve.http.config.RetentionConfig;
import io.varve.http.config.ServerConfig;
import io.varve.http.replay.ServerConnection;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve retention explain SELECTOR}: which rule wins for series. */
@Command(
    name = "explain",
    description = {
      "Tells which rule of the retention wins, for the stored series that a selector selects; or,"
          + " if there are none or with --config, for the labels that the selector names."
    },
    mixinStandardHelpOptions = true)
final class RetentionExplainCommand implements Callable<Integer> {
  private static final String RULE = "rule";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(paramLabel = "SELECTOR", description = "A selector, such as 'up{job=\"a\"}'.")
  private String selector = "";

  @Mixin private final ServerOption server = new ServerOption();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Asks the rules of this configuration, and no server.")
  private @Nullable Path config;

  @Option(names = "--tenant", paramLabel = "NAME", description = "Whose series.")
  private String tenant = "";

  @Override
  public Integer call() throws IOException {
    return config == null ? ask() : read(ServerConfig.load(config));
  }

  private int ask() throws IOException {
    JsonNode answer;
    try (ServerConnection connection = server.connect(tenant)) {
      answer = connection.api("/api/v1/status/retention/explain", Map.of("match[]", selector));
    }
    if (!answer.path("status").asText().equals("success")) {
      System.err.println("varve: " + answer.path("error").asText());
      return Failures.FAILED;
    }
    if (answer.path("data").isEmpty()) {
      System.err.println(
          "varve: no series is stored that " + selector + " selects, and it names no one series");
      return Failures.FAILED;
    }
    for (JsonNode series : answer.path("data")) {
      Labels.Builder labels = new Labels.Builder();
      series
          .path("metric")
          .properties()
          .forEach(l -> labels.add(l.getKey(), l.getValue().asText()));
      String stored = series.path("stored").asBoolean() ? "" : "  (not stored)";
      System.out.println(labels.build() + stored);
      print(series, "", System.out);
      for (JsonNode aggregate : series.path("aggregates")) {
        print(
            aggregate, "aggregates of " + aggregate.path("resolution").asText() + ": ", System.out);
      }
    }
    answer.path("warnings").forEach(warning -> System.err.println(warning.asText()));
    return 0;
  }

  private static void print(JsonNode keep, String what, PrintStream out) {
    JsonNode from = keep.path("keptFrom");
    String since =
        from.isNumber()
            ? ", now from " + Instant.ofEpochMilli(Math.round(from.asDouble() * 1000))
            : "";
    out.println("  " + what + "kept " + words(keep.path("keep").asText()) + since);
    out.println(
        "    by " + (keep.path(RULE).isNull() ? "storage.retention" : rule(keep.path(RULE))));
    for (JsonNode weaker : keep.path("weaker")) {
      out.println("    which is stronger than " + rule(weaker));
    }
  }

  private static String words(String keep) {
    return keep.equals("forever") ? keep : "for " + keep;
  }

  private static String rule(JsonNode rule) {
    String owner = rule.has("tenant") ? " of tenant " + rule.path("tenant").asText() : "";
    return "retention.keep["
        + rule.path("number").asInt()
        + "]: "
        + rule.path("match").asText()
        + owner
        + (rule.path("resolution").asText().equals("any")
            ? ""
            : ", resolution " + rule.path("resolution").asText())
        + ", for "
        + rule.path("for").asText();
  }

  private int read(ServerConfig settings) {
    Labels labels;
    try {
      labels = labels();
    } catch (ParseException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), selector + ": " + e.getMessage(), e);
    }
    RetentionPolicy policy = settings.retentionPolicy();
    System.out.println(labels);
    print(policy, labels, RetentionRule.RAW, "");
    TreeSet<Long> resolutions = new TreeSet<>();
    policy.rules().forEach(rule -> resolutions.add(rule.resolutionMillis()));
    for (long resolution : resolutions.tailSet(1L)) {
      print(
          policy,
          labels,
          resolution,
          "aggregates of " + RetentionConfig.resolution(resolution) + ": ");
    }
    return 0;
  }

  private Labels labels() {
    Labels.Builder labels = new Labels.Builder();
    for (Matcher matcher : Parser.parseSelector(selector)) {
      if (matcher.type() != Matcher.Type.EQ) {
        throw new IllegalArgumentException(
            "with --config, name one series by its labels: metric{name=\"value\"}");
      }
      labels.add(matcher.name(), matcher.value());
    }
    return labels.build();
  }

  private void print(RetentionPolicy policy, Labels labels, long resolution, String what) {
    RetentionRule winner = policy.strongest(tenant, labels, resolution);
    System.out.println(
        "  "
            + what
            + "kept "
            + words(RetentionConfig.duration(policy.keepMillis(tenant, labels, resolution))));
    System.out.println("    by " + (winner == null ? "storage.retention" : rule(policy, winner)));
    for (RetentionRule rule : policy.rules(resolution)) {
      if (!rule.equals(winner) && rule.accepts(tenant, labels)) {
        System.out.println("    which is stronger than " + rule(policy, rule));
      }
    }
  }

  private static String rule(RetentionPolicy policy, RetentionRule rule) {
    String owner = RetentionConfig.tenant(rule);
    return "retention.keep["
        + policy.rules().indexOf(rule)
        + "]: "
        + RetentionConfig.selector(rule)
        + (owner == null ? "" : " of tenant " + owner)
        + (rule.resolutionMillis() == RetentionRule.ANY
            ? ""
            : ", resolution " + RetentionConfig.resolution(rule.resolutionMillis()))
        + ", for "
        + RetentionConfig.duration(rule.keepMillis());
  }
}
