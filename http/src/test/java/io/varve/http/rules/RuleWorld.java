package io.varve.http.rules;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.LabelLimits;
import io.varve.query.QueryEngine;
import io.varve.retention.rules.Alert;
import io.varve.retention.rules.AlertSink;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.Notification;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleFiles;
import io.varve.retention.rules.RuleManager;
import io.varve.retention.rules.RuleMeter;
import io.varve.retention.rules.RuleStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A rule manager over a real engine, under a clock that a test moves. One thread. */
final class RuleWorld implements AutoCloseable, InstantSource {
  static final long START = 1_700_000_000_000L;

  static final RuleManager.Settings SETTINGS =
      new RuleManager.Settings(
          60_000, 0, 60_000, 3_600_000, 600_000, 3_600_000, 0, "http://varve", Map.of("dc", "x"));

  private final Engine engine;
  private final QueryEngine queries = new QueryEngine(QueryEngine.Options.DEFAULT);
  final QueryEvaluator evaluator;
  final List<Told> told = new ArrayList<>();

  /** Is told of alerts, too. */
  AlertSink also = AlertSink.NOBODY;

  RuleManager manager;
  private long now;

  /** What was told of an alert, and when. */
  record Told(long time, Notification alert) {}

  RuleWorld(Path folder) throws IOException {
    this(folder, START);
  }

  RuleWorld(Path folder, long start) throws IOException {
    now = start;
    engine =
        Engine.open(
            EngineConfig.defaults(folder)
                .withFsync(FsyncPolicy.OS)
                .withBackgroundThreads(false)
                .withClock(this));
    evaluator = new QueryEvaluator(queries, engine::snapshot);
    manager = manager();
  }

  private RuleManager manager() {
    return new RuleManager(
        new RuleManager.Surroundings(
            evaluator::of,
            tenant -> new EngineSink(engine, LabelLimits.DEFAULT, tenant),
            engine::snapshot,
            this::tell,
            RuleMeter.NONE,
            this));
  }

  private void tell(List<Notification> alerts) {
    alerts.forEach(alert -> told.add(new Told(now, alert)));
    also.send(alerts);
  }

  /** A manager that knows nothing of the one before, as after a restart. */
  void restart() {
    manager.close();
    manager = manager();
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(now);
  }

  Snapshot snapshot() {
    return engine.snapshot();
  }

  long now() {
    return now;
  }

  /** Moves the clock in steps, and does at each what is due. */
  void advance(long millis, long step) {
    for (long end = now + millis; now < end; ) {
      now = Math.min(end, now + step);
      manager.runDue();
    }
  }

  /** Moves the clock; nothing is done. */
  void sleep(long millis) {
    now += millis;
  }

  void update(String file, String yaml) {
    update(SETTINGS, file, yaml);
  }

  void update(RuleManager.Settings settings, String... filesAndYaml) {
    List<RuleFiles.Loaded> files = new ArrayList<>();
    for (int i = 0; i < filesAndYaml.length; i += 2) {
      files.add(
          new RuleFiles.Loaded(
              filesAndYaml[i], RuleFile.parse(filesAndYaml[i + 1], evaluator, false)));
    }
    manager.update(files, settings);
  }

  void write(long time, double value, String... labels) {
    writeFor("", time, value, labels);
  }

  void writeFor(String tenant, long time, double value, String... labels) {
    WriteBatch batch = new WriteBatch();
    batch.tenant = tenant;
    batch.add(Labels.of(labels), time, value);
    engine.append(batch, WriteMode.PARTIAL);
  }

  /** By labels as text, the stored samples of a metric: "time after the start in s=value". */
  Map<String, List<String>> stored(String metric) {
    return storedFor("", metric);
  }

  Map<String, List<String>> storedFor(String tenant, String metric) {
    Map<String, List<String>> all = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet series =
          snapshot.select(
              tenant,
              List.of(Matcher.equal(Labels.METRIC_NAME, metric)),
              TimeRange.ALL,
              QueryBudget.UNLIMITED);
      try (SeriesReader reader = series.reader()) {
        SampleColumns samples = new SampleColumns();
        for (int i = 0; i < series.size(); i++) {
          reader.read(i, TimeRange.ALL, samples);
          List<String> texts = new ArrayList<>();
          for (int row = 0; row < samples.size; row++) {
            double value = samples.values[row];
            texts.add(
                seconds(samples.times[row])
                    + "="
                    + (StaleMarker.is(value) ? "stale" : Double.toString(value)));
          }
          all.put(series.labels(i).without(Labels.METRIC_NAME).toString(), texts);
        }
      }
    }
    return all;
  }

  /** The same of one series; none if it is not there. */
  List<String> samples(String metric, String labels) {
    return stored(metric).getOrDefault(labels, List.of());
  }

  private static String seconds(long time) {
    return Double.toString((time - START) / 1000.0);
  }

  /** The time of a stored sample in milliseconds after the start. */
  static long time(String stored) {
    return Math.round(Double.parseDouble(stored.substring(0, stored.indexOf('='))) * 1000);
  }

  GroupStatus group(String name) {
    return manager.groups().stream().filter(g -> g.name().equals(name)).findFirst().orElseThrow();
  }

  RuleStatus rule(String group, int index) {
    return group(group).rules().get(index);
  }

  Alert alert(String group, int index) {
    List<Alert> alerts = rule(group, index).alerts();
    if (alerts.size() != 1) {
      throw new AssertionError("not one alert: " + alerts);
    }
    return alerts.getFirst();
  }

  @Override
  public void close() throws IOException {
    manager.close();
    queries.close();
    engine.close();
  }
}
