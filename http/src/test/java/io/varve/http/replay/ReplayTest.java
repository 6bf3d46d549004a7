package io.varve.http.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Seeds;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.WriteBatch;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryLimits;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.histogram.FloatHistogram;
import io.varve.retention.rules.Evaluator;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleGroup;
import io.varve.retention.rules.RuleSample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replays against the plain thing: all rules, one after the other, at each time. */
final class ReplayTest {
  private static final long T = 1_700_000_040_000L;
  private static final long MINUTE = 60_000;
  private static final long STEP = 15_000;
  private static final RuleGroup.Options OPTIONS = new RuleGroup.Options("", Map.of(), 0);

  /** Chains, circles, failures, alerts upon alerts, other intervals and offsets. */
  private static final String RULES =
      """
      groups:
      - name: chain
        rules:
        - record: i:c:rate2m
          expr: rate(c[2m])
        - record: sum:rate2m
          expr: sum by (j) (i:c:rate2m)
          labels: {level: "1"}
        - record: ratio
          expr: i:c:rate2m / on (j) group_left () sum:rate2m
        - record: only
          expr: g > 5
          labels: {i: ""}
        - record: one
          expr: g{i="1"} / on (j) g
        - record: number
          expr: scalar(sum(g)) + 1
        - record: high
          expr: quantile_over_time(0.9, sum:rate2m[5m:30s])
        - record: taken:turns
          expr: g{i="0"} > 5
        - record: taken:turns
          expr: g{i="0"} <= 5
      - name: circles
        interval: 30s
        rules:
        - record: total
          expr: (total or vector(0)) + on () sum(g)
        - record: early
          expr: sum(late_one offset 30s) or vector(-1)
        - record: between
          expr: max(g) + vector(time())
        - record: late_one
          expr: sum(g) + on () early
        - record: ahead
          expr: sum(g offset -1m)
        - record: turns
          expr: (g{i="0"} > 5) + on () group_left () (0 * total)
        - record: turns
          expr: (g{i="0"} <= 5) + on () group_left () (0 * total)
      - name: alerts
        interval: 45s
        query_offset: 10s
        limit: 20
        rules:
        - alert: High
          expr: g > 7
          for: 2m
          keep_firing_for: 1m
          labels: {severity: '{{ if gt $value 9.0 }}page{{ else }}warn{{ end }}'}
          annotations: {text: 'it is {{ $value }}'}
        - alert: AnyHigh
          expr: count(ALERTS{alertname="High",alertstate="firing"}) > 0
        - record: firing
          expr: count by (alertname) (ALERTS)
      - name: later
        query_offset: 2m
        limit: 2
        rules:
        - record: offset:sum
          expr: sum by (j) (g)
        - record: limited
          expr: g > 4
      - name: sooner
        rules:
        - record: of:offset
          expr: sum(offset:sum)
        - record: self:names
          expr: count({__name__=~"of:.*|never"})
        - record: pinned
          expr: sum(offset:sum @ end())
        - record: hist
          expr: sum(rate(h[2m]))
        - record: hist:quantile
          expr: histogram_quantile(0.5, hist)
      """;

  @TempDir Path folder;
  private Engine engine;
  private QueryEngine queries;

  @BeforeEach
  void open() throws Exception {
    engine = open("history");
    queries = new QueryEngine(new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT));
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    queries.close();
  }

  private Engine open(String name) throws Exception {
    return Engine.open(
        EngineConfig.defaults(folder.resolve(name))
            .withFsync(FsyncPolicy.OS)
            .withBackgroundThreads(false));
  }

  /**
   * Counters with resets, gauges that come and go, a histogram; of a time before the replay, too.
   */
  private static Map<Labels, SampleColumns> history(long seed) {
    Random random = new Random(seed);
    Map<Labels, SampleColumns> all = new HashMap<>();
    for (int i = 0; i < 6; i++) {
      SampleColumns counter = new SampleColumns();
      SampleColumns gauge = new SampleColumns();
      double c = 0;
      double g = random.nextInt(10);
      boolean there = true;
      for (long t = T - 30 * MINUTE; t <= T + 60 * MINUTE; t += STEP) {
        c = random.nextInt(100) == 0 ? 0 : c + random.nextInt(50);
        counter.add(t + i, c, 0);
        if (random.nextInt(25) == 0) {
          g = random.nextInt(11);
        }
        if (random.nextInt(40) == 0) {
          there = !there;
          if (!there) {
            gauge.add(t, StaleMarker.VALUE, 0);
          }
        } else if (there) {
          gauge.add(t, g, 0);
        }
      }
      String[] labels = {"i", String.valueOf(i), "j", String.valueOf(i / 3)};
      all.put(Labels.of("__name__", "c", labels[0], labels[1], labels[2], labels[3]), counter);
      all.put(Labels.of("__name__", "g", labels[0], labels[1], labels[2], labels[3]), gauge);
    }
    SampleColumns histograms = new SampleColumns();
    long count = 0;
    for (long t = T - 30 * MINUTE; t <= T + 60 * MINUTE; t += STEP) {
      count += random.nextInt(9);
      histograms.add(t, histogram(count), 0);
    }
    all.put(Labels.of("__name__", "h"), histograms);
    return all;
  }

  private static Histogram histogram(long count) {
    return new Histogram(
        0,
        0.001,
        false,
        count,
        0,
        count * 1.5,
        0,
        new int[] {0, 2},
        new int[0],
        new long[] {count / 2, count - 2 * (count / 2)},
        new long[0],
        new double[0],
        new double[0],
        new double[0]);
  }

  private static void write(Engine engine, Labels labels, SampleColumns rows) {
    Overlay.append(engine, "", Map.of(labels, rows));
  }

  private static void write(Engine engine, List<RuleSample> samples, long time) {
    WriteBatch batch = new WriteBatch();
    for (RuleSample sample : samples) {
      int row = batch.addSeries(sample.labels());
      if (sample.histogram() == null) {
        batch.addSample(row, time, Double.doubleToRawLongBits(sample.value()), 0);
      } else {
        batch.addHistogram(row, time, sample.histogram(), 0);
      }
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private static byte[] encoded(Histogram histogram) {
    ByteWriter out = new ByteWriter(64);
    histogram.encode(out);
    return out.toByteArray();
  }

  /** By series and time what was made, as text. */
  private static final class Made {
    final Map<String, TreeMap<Long, String>> series = new TreeMap<>();

    void add(Labels labels, long time, double value, @Nullable Histogram histogram) {
      String text =
          histogram != null
              ? HexFormat.of().formatHex(encoded(histogram))
              : StaleMarker.is(value) ? "stale" : Double.toString(value);
      series.computeIfAbsent(labels.toString(), key -> new TreeMap<>()).put(time, text);
    }

    void add(Map<Labels, SampleColumns> all) {
      all.forEach(
          (labels, rows) -> {
            for (int i = 0; i < rows.size; i++) {
              add(labels, rows.times[i], rows.values[i], rows.histogram(i));
            }
          });
    }
  }

  private record Outcome(
      Map<String, TreeMap<Long, String>> series, Map<String, Integer> failures) {}

  /** All groups at each time, each rule by itself. */
  private Outcome plainly(Engine store, RuleFile file, long from, long to) {
    Made made = new Made();
    Evaluator evaluator =
        new Evaluator() {
          @Override
          public String check(String expression) {
            return expression;
          }

          @Override
          public List<RuleSample> evaluate(String expression, long timeMillis) {
            try (Snapshot snapshot = store.snapshot()) {
              return switch (queries
                  .instant(snapshot, "", expression, timeMillis, QueryOptions.DEFAULT)
                  .value()) {
                case QueryResult.Scalar s -> List.of(new RuleSample(Labels.EMPTY, s.value(), null));
                case QueryResult.Vector v -> {
                  List<RuleSample> samples = new ArrayList<>();
                  for (int i = 0; i < v.size(); i++) {
                    FloatHistogram histogram = v.histogram(i);
                    samples.add(
                        new RuleSample(
                            v.labels()[i],
                            v.values()[i],
                            histogram == null ? null : histogram.toStored()));
                  }
                  yield samples;
                }
                case QueryResult.Matrix _, QueryResult.StringResult _ ->
                    throw new AssertionError(expression);
              };
            } catch (QueryException e) {
              throw new RuleException(String.valueOf(e.getMessage()));
            }
          }

          @Override
          public String text(Histogram histogram) {
            return FloatHistogram.of(histogram).toString();
          }
        };
    List<RuleGroup> groups = new ArrayList<>();
    for (RuleFile.Group group : file.groups()) {
      groups.add(
          new RuleGroup(
              group,
              evaluator,
              (samples, time) -> {
                samples.forEach(s -> made.add(s.labels(), time, s.value(), s.histogram()));
                write(store, samples, time);
              },
              OPTIONS));
    }
    Map<String, Integer> failures = new TreeMap<>();
    for (long time = from; time <= to; time += 5_000) {
      for (RuleGroup group : groups) {
        long interval = group.definition().intervalMillis();
        if (time % (interval == 0 ? MINUTE : interval) == 0) {
          group.evaluate(time);
          group.failures().keySet().forEach(name -> failures.merge(name, 1, Integer::sum));
        }
      }
    }
    return new Outcome(made.series, failures);
  }

  private Outcome replayed(RuleFile file, long from, long to, long stretch) {
    Made made = new Made();
    Map<String, Integer> failures = new TreeMap<>();
    try (Replay replay =
        new Replay(
            file,
            new StoredHistory(engine, queries, ""),
            queries,
            new Replay.Options(from, to, 0, MINUTE, OPTIONS))) {
      while (!replay.done()) {
        replay.advance(replay.position() + stretch, (rule, series) -> made.add(series));
      }
      for (RuleSummary summary : replay.summaries()) {
        if (summary.failed() > 0) {
          failures.put(summary.rule().rule().name(), (int) summary.failed());
        }
      }
    }
    return new Outcome(made.series, failures);
  }

  @Test
  void comesToWhatEvaluatingTimeByTimeComesTo() throws Exception {
    RuleFile file = RuleFile.parse(RULES, Replay.checker(), false);
    for (long seed : Seeds.range(1, 3)) {
      Engine store = open("plain" + seed);
      Engine before = engine;
      engine = open("history" + seed);
      before.close();
      history(seed)
          .forEach(
              (labels, rows) -> {
                write(store, labels, rows);
                write(engine, labels, rows);
              });
      // What the rules made before is seen; what the store has of it from the begin on is not.
      Labels total = Labels.of("__name__", "total");
      long from = T / MINUTE * MINUTE;
      for (long t = from - 5 * MINUTE; t < from + 5 * MINUTE; t += MINUTE) {
        SampleColumns row = new SampleColumns(1);
        row.add(t + 1, 1e9, 0);
        write(engine, total, row);
        if (t + 1 < from - 2 * MINUTE) { // from which on the offset of a group looks
          write(store, total, row);
        }
      }
      long to = T + 50 * MINUTE;
      Outcome expected = plainly(store, file, from, to);
      store.close();
      assertThat(expected.failures()).containsKeys("one", "limited");
      assertThat(expected.series().keySet()).anyMatch(name -> name.contains("firing"));
      assertThat(
              expected
                  .series()
                  .getOrDefault("{__name__=\"total\"}", new TreeMap<>())
                  .firstEntry()
                  .getValue())
          .as("builds upon what was stored")
          .startsWith("1.0");
      for (long stretch : new long[] {7 * MINUTE + 1, 20 * MINUTE, 2000 * MINUTE}) {
        Outcome got = replayed(file, from, to, stretch);
        for (String name : expected.series().keySet()) {
          assertThat(got.series().get(name)).as(name).isEqualTo(expected.series().get(name));
        }
        assertThat(got.series().keySet()).isEqualTo(expected.series().keySet());
        assertThat(got.failures()).isEqualTo(expected.failures());
      }
    }
  }
}
