package io.varve.http.api;

import io.varve.engine.DiskLimits;
import io.varve.engine.DropReason;
import io.varve.engine.EngineStats;
import io.varve.engine.RetentionPlan;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import io.varve.http.config.ConfigException;
import io.varve.http.config.Durations;
import io.varve.http.config.RetentionConfig;
import io.varve.http.config.ServerConfig;
import io.varve.http.json.GoTimes;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.query.promql.ParseException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints that tell of the retention, {@code /api/v1/status/retention…}: the policy, which of
 * its rules wins for a series, and what this or another policy would let go of.
 */
public final class RetentionHandlers {
  private static final int SERIES = 1_000;

  private final Supplier<RetentionSource> source;
  private final Reading reading;

  /** Asks a store that is there by the time of the first request. */
  public RetentionHandlers(Supplier<RetentionSource> source, Reading reading) {
    this.source = source;
    this.reading = reading;
  }

  /** The policy in force, what is stored under it, and what went. */
  public Handler status() {
    return (request, response) -> {
      RetentionSource now = source.get();
      RetentionPolicy policy = now.policy();
      EngineStats stats = now.stats();
      Answers.success(
          response,
          json -> {
            json.beginObject()
                .key("default")
                .string(RetentionConfig.duration(policy.defaultMillis()));
            json.key("rules").beginList();
            for (RetentionRule rule : policy.rules()) {
              rule(json, policy, rule);
            }
            json.endList().key("classes").beginList();
            for (Map.Entry<String, Long> entry : stats.classBytes().entrySet()) {
              json.beginObject()
                  .key("class")
                  .string(entry.getKey().isEmpty() ? "default" : entry.getKey())
                  .key("bytes")
                  .number(entry.getValue())
                  .endObject();
            }
            json.endList().key("dropped").beginList();
            for (Map.Entry<DropReason, EngineStats.Dropped> entry : stats.dropped().entrySet()) {
              json.beginObject()
                  .key("reason")
                  .string(text(entry.getKey()))
                  .key("windows")
                  .number(entry.getValue().windows())
                  .key("bytes")
                  .number(entry.getValue().bytes())
                  .endObject();
            }
            json.endList();
            disk(json.key("disk"), now.limits(), stats.disk());
            amendments(json.key("amendments"), stats);
            json.endObject();
          });
    };
  }

  private static void amendments(Json json, EngineStats stats) throws IOException {
    EngineStats.Amendments a = stats.amendments();
    json.beginObject();
    json.key("deletes").number(stats.deletes());
    json.key("hiding").number(a.hiding());
    json.key("purgeDue").number(a.purgeDue());
    json.key("oldestHiding").string(GoTimes.text(a.oldestMillis()));
    json.key("hiddenSamples").number(a.hiddenSamples());
    json.key("hiddenBytes").number(a.hiddenBytes());
    json.key("receipts").number(a.receipts());
    json.key("lastReceipt").string(GoTimes.text(a.lastReceiptMillis()));
    json.key("undeletes").number(a.undeletes());
    json.key("purgedSamples").number(a.purgedSamples());
    json.key("purgedBytes").number(a.purgedBytes());
    json.key("purgedFiles").number(a.purgedFiles());
    json.key("corrections").number(a.corrections());
    json.key("correctedSamples").number(a.correctedSamples());
    json.endObject();
  }

  private static void disk(Json json, DiskLimits limits, EngineStats.Disk disk) throws IOException {
    json.beginObject()
        .key("maxBytes")
        .number(limits.maxBytes())
        .key("minFreeBytes")
        .number(Math.max(limits.minFreeBytes(), disk.minFreeBytes()))
        .key("minFreeKeeps")
        .string(Durations.print(limits.keptMillis()))
        .key("storedBytes")
        .number(disk.storedBytes())
        .key("freeBytes")
        .number(disk.freeBytes())
        .key("problem")
        .string(disk.problem())
        .endObject();
  }

  /**
   * Which rule wins: for stored series that a selector selects, or for the labels that it names.
   */
  public Handler explain() {
    return (request, response) -> {
      Arguments arguments = new Arguments(request);
      if (!arguments.has("match[]")) {
        throw ApiException.badData("no match[] parameter provided");
      }
      List<List<Matcher>> sets;
      try {
        sets = arguments.matchers();
      } catch (IllegalArgumentException | ParseException e) {
        throw ApiException.badParameter("match[]", String.valueOf(e.getMessage()));
      }
      String tenant = arguments.tenant();
      int most = arguments.limit() == 0 ? SERIES : Math.min(SERIES, arguments.limit());
      Set<Labels> series = new LinkedHashSet<>();
      boolean[] cut = new boolean[1];
      reading.look(
          request,
          (snapshot, budget) -> {
            for (List<Matcher> matchers : sets) {
              cut[0] |= stored(snapshot, tenant, matchers, most, series, budget);
            }
            return series;
          });
      Set<Labels> named = new LinkedHashSet<>();
      for (List<Matcher> matchers : sets) {
        Labels labels = labels(matchers);
        if (labels != null && !series.contains(labels)) {
          named.add(labels);
        }
      }
      RetentionSource now = source.get();
      Answers.success(
          response,
          json -> {
            json.beginList();
            for (Labels labels : series) {
              explain(json, now, tenant, labels, true);
            }
            if (series.isEmpty()) {
              for (Labels labels : named) {
                explain(json, now, tenant, labels, false);
              }
            }
            json.endList();
          },
          Answers.truncated(cut[0]),
          List.of());
    };
  }

  /** Adds stored series; true if there are more than may be told. */
  private static boolean stored(
      Snapshot snapshot,
      String tenant,
      List<Matcher> matchers,
      int most,
      Set<Labels> into,
      RequestBudget budget) {
    SeriesSet set = snapshot.select(tenant, matchers, TimeRange.ALL, budget);
    for (int i = 0; i < set.size(); i++) {
      if (into.size() >= most) {
        return true;
      }
      into.add(set.labels(i));
    }
    return false;
  }

  /** The labels that a selector names, null if it is not one series that it names. */
  private static @Nullable Labels labels(List<Matcher> matchers) {
    Labels.Builder labels = new Labels.Builder();
    for (Matcher matcher : matchers) {
      if (matcher.type() != Matcher.Type.EQ) {
        return null;
      }
      if (!matcher.value().isEmpty()) {
        labels.add(matcher.name(), matcher.value());
      }
    }
    try {
      return labels.build();
    } catch (IllegalArgumentException e) {
      return null; // a name twice
    }
  }

  private static void explain(
      Json json, RetentionSource source, String tenant, Labels labels, boolean isStored)
      throws IOException {
    RetentionPolicy policy = source.policy();
    json.beginObject().key("metric").labels(labels).key("stored").flag(isStored);
    keep(json, source, policy, tenant, labels, RetentionRule.RAW);
    Set<Long> resolutions = new TreeSet<>();
    policy.rules().forEach(rule -> resolutions.add(rule.resolutionMillis()));
    json.key("aggregates").beginList();
    for (long resolution : resolutions) {
      if (resolution > 0) {
        json.beginObject().key("resolution").string(RetentionConfig.resolution(resolution));
        keep(json, source, policy, tenant, labels, resolution);
        json.endObject();
      }
    }
    json.endList().endObject();
  }

  private static void keep(
      Json json,
      RetentionSource source,
      RetentionPolicy policy,
      String tenant,
      Labels labels,
      long resolution)
      throws IOException {
    long keep = policy.keepMillis(tenant, labels, resolution);
    RetentionRule winner = policy.strongest(tenant, labels, resolution);
    json.key("keep").string(RetentionConfig.duration(keep));
    long horizon = source.horizon(keep);
    json.key("keptFrom");
    if (horizon == Long.MIN_VALUE) {
      json.nothing();
    } else {
      json.seconds(horizon + 1);
    }
    json.key("rule");
    if (winner == null) {
      json.nothing();
    } else {
      rule(json, policy, winner);
    }
    json.key("weaker").beginList();
    for (RetentionRule rule : policy.rules(resolution)) {
      if (!rule.equals(winner) && rule.accepts(tenant, labels)) {
        rule(json, policy, rule);
      }
    }
    json.endList();
  }

  private static void rule(Json json, RetentionPolicy policy, RetentionRule rule)
      throws IOException {
    json.beginObject()
        .key("number")
        .number(policy.rules().indexOf(rule))
        .key("match")
        .string(RetentionConfig.selector(rule));
    String tenant = RetentionConfig.tenant(rule);
    if (tenant != null) {
      json.key("tenant").string(tenant);
    }
    json.key("resolution")
        .string(RetentionConfig.resolution(rule.resolutionMillis()))
        .key("for")
        .string(RetentionConfig.duration(rule.keepMillis()))
        .endObject();
  }

  /** What the policy in force, or that of a configuration that is sent, would let go of now. */
  public Handler plan() {
    return (request, response) -> {
      String text = new Arguments(request).text("config");
      RetentionSource now = source.get();
      RetentionPolicy policy = now.policy();
      DiskLimits limits = now.limits();
      if (!text.isEmpty()) {
        ServerConfig config;
        try {
          config = ServerConfig.parse("config", text);
        } catch (ConfigException e) {
          throw ApiException.badParameter("config", String.valueOf(e.getMessage()));
        }
        policy = config.retentionPolicy();
        limits = config.retention().disk();
      }
      RetentionPlan plan;
      try {
        plan = now.plan(policy, limits);
      } catch (IOException e) {
        throw new ApiException(ErrorType.INTERNAL, String.valueOf(e.getMessage()));
      }
      Answers.success(response, json -> plan(json, plan), plan.problems(), List.of());
    };
  }

  private static void plan(Json json, RetentionPlan plan) throws IOException {
    json.beginObject()
        .key("time")
        .seconds(plan.atMillis())
        .key("storedBytes")
        .number(plan.storedBytes())
        .key("bytes")
        .number(plan.bytes())
        .key("laterBytes")
        .number(plan.laterBytes())
        .key("windows")
        .beginList();
    for (RetentionPlan.Window window : plan.windows()) {
      json.beginObject()
          .key("start")
          .seconds(window.start())
          .key("end")
          .seconds(window.end())
          .key("reason")
          .string(text(window.reason()))
          .key("whole")
          .flag(window.isWhole())
          .key("series")
          .number(window.series())
          .key("samples")
          .number(window.samples())
          .key("bytes")
          .number(window.bytes())
          .key("laterBytes")
          .number(window.laterBytes())
          .key("files")
          .strings(new ArrayList<>(window.files()))
          .endObject();
    }
    json.endList().endObject();
  }

  private static String text(DropReason reason) {
    return reason.name().toLowerCase(Locale.ROOT);
  }
}
