package io.varve.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.engine.model.Labels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bodies of each workload carry what it says, as the real ingest reads them. */
final class EncodedWorkloadTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final int ROWS = 60;
  private static final int HOUR_STEPS = 240;

  @TempDir Path dir;

  /** A counter, a noisy gauge, a constant, and a series that is absent in every fourth row. */
  private static Capture capture() {
    double[][] columns = new double[4][ROWS];
    for (int r = 0; r < ROWS; r++) {
      columns[0][r] = 1_000 + 7 * r + r * r % 5;
      columns[1][r] = 50 + r * 37 % 23 + 0.25;
      columns[2][r] = 0;
      columns[3][r] = r % 4 == 0 ? Double.NaN : r;
    }
    return Capture.of(
        List.of(
            new Capture.Series("c_total", List.of("path", "/"), true),
            new Capture.Series("noise", List.of(), false),
            new Capture.Series("flat", List.of("zone_name", "ü"), false),
            new Capture.Series("sometimes", List.of(), false)),
        columns,
        1);
  }

  private static Workload.Shape shape(
      WorkloadKind kind, int hosts, int steps, int passes, int tail) {
    boolean perturbed = kind == WorkloadKind.LONG_RANGE; // as the command has it
    int all = Integer.MAX_VALUE;
    return new Workload.Shape(
        kind, hosts, 15_000, steps, passes, tail, 0.1, 0.05, 7_200_000, all, perturbed);
  }

  private EncodedWorkload encode(Workload workload, Protocol protocol) throws IOException {
    return EncodedWorkload.encode(workload, protocol, 2, 100, dir, line -> {});
  }

  /** What the passes {@code [from, to)} carry, connection by connection. */
  private static StoredSamples read(EncodedWorkload encoded, int from, int to) throws IOException {
    StoredSamples stored = new StoredSamples(encoded.protocol());
    for (EncodedWorkload.Pass pass : encoded.passes().subList(from, to)) {
      long samples = 0;
      long requests = 0;
      for (Path file : pass.files()) {
        try (BodyFile.Reader bodies = new BodyFile.Reader(file)) {
          BodyFile.Body body;
          while ((body = bodies.next()) != null) {
            stored.write(body.bytes(), body.samples());
            samples += body.samples();
            requests++;
          }
        }
      }
      assertThat(samples).isEqualTo(pass.samples());
      assertThat(requests).isEqualTo(pass.requests());
    }
    return stored;
  }

  private static StoredSamples read(EncodedWorkload encoded) throws IOException {
    StoredSamples stored = read(encoded, 0, encoded.passes().size());
    assertThat(stored.bySeries).hasSize((int) encoded.series());
    return stored;
  }

  private static String host(Labels labels) {
    for (int i = 0; i < labels.size(); i++) {
      if (labels.name(i).equals("instance")) {
        return labels.value(i);
      }
    }
    throw new AssertionError("no host: " + labels);
  }

  private static Set<String> hosts(StoredSamples stored) {
    Set<String> hosts = new TreeSet<>();
    stored.bySeries.keySet().forEach(labels -> hosts.add(host(labels)));
    return hosts;
  }

  @Test
  void bothProtocolsCarryTheSameFleet() throws IOException {
    Workload workload = new Workload(capture(), shape(WorkloadKind.FLEET, 3, 40, 2, 10), NOW);
    EncodedWorkload first = encode(workload, Protocol.V1);
    StoredSamples one = read(first);
    assertThat(first.passes()).hasSize(3);
    assertThat(one.bySeries).hasSize(12);
    assertThat(hosts(one)).hasSize(3);
    TreeMap<Long, Double> flat = new TreeMap<>();
    one.bySeries.forEach(
        (labels, values) -> {
          assertThat(values.size()).isIn(90, 68, 67); // absent in every fourth row
          if (labels.toString().contains("flat")) {
            flat.putAll(values);
          }
          assertThat(values.lastKey()).isLessThanOrEqualTo(workload.lastMillis());
          assertThat(values.firstKey()).isGreaterThanOrEqualTo(workload.firstMillis());
        });
    assertThat(flat.values()).containsOnly(0.0).hasSize(270);
    Map<Labels, TreeMap<Long, Double>> expected = new HashMap<>(one.bySeries);
    first.delete();
    EncodedWorkload second = encode(workload, Protocol.V2);
    assertThat(read(second).bySeries).isEqualTo(expected);
    assertThat(second.passes().getFirst().messageBytes())
        .isLessThan(first.passes().getFirst().messageBytes());
  }

  @Test
  void whatMustBeFoundAtTheEndIsCounted() throws IOException {
    Workload workload = new Workload(capture(), shape(WorkloadKind.FLEET, 3, 40, 1, 30), NOW);
    EncodedWorkload encoded = encode(workload, Protocol.V1);
    StoredSamples stored = read(encoded);
    EncodedWorkload.Check check = encoded.check();
    long end = workload.lastMillis() + 1;
    long series = 0;
    long samples = 0;
    for (TreeMap<Long, Double> values : stored.bySeries.values()) {
      int found = values.subMap(end - check.windowMillis(), false, end, true).size();
      samples += found;
      series += found > 0 ? 1 : 0;
      assertThat(values.containsKey(end - check.windowMillis())).as("at the border").isFalse();
    }
    assertThat(check.series()).isEqualTo(series).isEqualTo(12);
    assertThat(check.samples()).isEqualTo(samples);
    assertThat(check.windowMillis()).isGreaterThanOrEqualTo(30 * 15_000L);
  }

  @Test
  void everySeriesOfEveryPassIsNew() throws IOException {
    Workload workload = new Workload(capture(), shape(WorkloadKind.NEW_SERIES, 25, 12, 2, 4), NOW);
    EncodedWorkload encoded = encode(workload, Protocol.V1);
    Set<Labels> first = new HashSet<>(read(encoded, 0, 1).bySeries.keySet());
    Set<Labels> second = new HashSet<>(read(encoded, 1, 2).bySeries.keySet());
    StoredSamples tail = read(encoded, 2, 3);
    assertThat(first).hasSize(100);
    assertThat(second)
        .hasSize(100)
        .doesNotContainAnyElementsOf(first)
        .containsAll(tail.bySeries.keySet());
    assertThat(encoded.series()).isEqualTo(200);
    read(encoded, 0, 1)
        .bySeries
        .values()
        .forEach(values -> assertThat(values).hasSizeLessThanOrEqualTo(12));
    assertThat(hosts(tail)).contains(workload.someInstance());
  }

  @Test
  void aTenthOfTheHostsIsReplacedPerHour() throws IOException {
    int hours = 12;
    Workload workload =
        new Workload(capture(), shape(WorkloadKind.CHURN, 20, hours * HOUR_STEPS, 1, 0), NOW);
    StoredSamples stored = read(encode(workload, Protocol.V1));
    assertThat(hosts(stored)).contains(workload.someInstance());
    Map<Long, Set<String>> byHour = new TreeMap<>();
    Map<Long, Integer> byStep = new HashMap<>();
    for (StoredSamples.Arrival sample : stored.arrivals) {
      long since = sample.time() - workload.firstMillis();
      byHour.computeIfAbsent(since / 3_600_000, h -> new TreeSet<>()).add(host(sample.labels()));
      if (sample.labels().toString().contains("flat")) {
        byStep.merge(since / 15_000, 1, Integer::sum);
      }
    }
    assertThat(byStep.values()).as("20 hosts at any time").containsOnly(20);
    Set<String> seen = new TreeSet<>();
    List<Integer> fresh = new ArrayList<>();
    byHour
        .values()
        .forEach(
            names -> {
              fresh.add((int) names.stream().filter(name -> !seen.contains(name)).count());
              seen.addAll(names);
            });
    assertThat(fresh.getFirst()).isBetween(21, 22);
    assertThat(fresh.subList(1, hours)).as("2 of 20 per hour").containsOnly(2);
  }

  @Test
  void someScrapesAreLateAndNoneIsMissing() throws IOException {
    Workload late = new Workload(capture(), shape(WorkloadKind.OUT_OF_ORDER, 10, 1_000, 2, 0), NOW);
    Workload fleet = new Workload(capture(), shape(WorkloadKind.FLEET, 10, 1_000, 2, 0), NOW);
    StoredSamples stored = read(encode(late, Protocol.V1));
    List<StoredSamples.Arrival> arrivals = stored.arrivals;
    Map<Labels, Long> newest = new HashMap<>();
    long lateSamples = 0;
    long mostLate = 0;
    for (StoredSamples.Arrival sample : arrivals) {
      long before = newest.getOrDefault(sample.labels(), Long.MIN_VALUE);
      if (sample.time() < before) {
        lateSamples++;
        mostLate = Math.max(mostLate, before - sample.time());
      }
      newest.put(sample.labels(), Math.max(before, sample.time()));
    }
    assertThat((double) lateSamples / arrivals.size()).isCloseTo(0.05, within(0.01));
    assertThat(mostLate).isBetween(6_000_000L, 7_200_000L);
    Map<Labels, TreeMap<Long, Double>> all = stored.bySeries;
    assertThat(all).isEqualTo(read(encode(fleet, Protocol.V1)).bySeries);
  }

  @Test
  void perturbedRowsDoNotRepeatAndCountersRise() throws IOException {
    int wraps = 50;
    Workload workload =
        new Workload(capture(), shape(WorkloadKind.LONG_RANGE, 2, wraps * ROWS / 15, 1, 0), NOW);
    StoredSamples stored = read(encode(workload, Protocol.V1));
    stored.bySeries.forEach(
        (labels, values) -> {
          String name = labels.toString();
          if (name.contains("c_total")) {
            assertThat(new ArrayList<>(values.values())).as(name).isSorted();
            // 436 per wrap at full factor, at least 0.6 of it on average after the first
            assertThat(values.lastEntry().getValue() - values.firstEntry().getValue())
                .isBetween(0.5 * 413 * wraps, 1.05 * 436 * wraps);
          } else if (name.contains("noise")) {
            List<List<Double>> rows = windows(new ArrayList<>(values.values()), 4);
            assertThat(rows).as("rows of a wrap").doesNotHaveDuplicates();
            assertThat(values.values())
                .as("two decimals, as recorded")
                .allMatch(v -> v >= 50 && v <= 73 && Math.abs(v * 100 - Math.rint(v * 100)) < 1e-9);
          } else if (name.contains("flat")) {
            assertThat(values.values()).containsOnly(0.0);
          }
        });
    // The same without perturbing does repeat: the test can fail.
    Workload plain =
        new Workload(capture(), shape(WorkloadKind.FLEET, 2, wraps * ROWS / 15, 1, 0), NOW);
    read(encode(plain, Protocol.V1))
        .bySeries
        .forEach(
            (labels, values) -> {
              if (labels.toString().contains("noise")) {
                assertThat(new HashSet<>(windows(new ArrayList<>(values.values()), 4))).hasSize(1);
              }
            });
  }

  private static List<List<Double>> windows(List<Double> values, int length) {
    List<List<Double>> windows = new ArrayList<>();
    for (int at = 0; at + length <= values.size(); at += length) {
      windows.add(List.copyOf(values.subList(at, at + length)));
    }
    return windows;
  }

  @Test
  void theNumberOfSeriesCanBeSet() throws IOException {
    Workload.Shape shape =
        new Workload.Shape(WorkloadKind.LONG_RANGE, 2, 15_000, 20, 1, 0, 0.1, 0.05, 1, 6, true);
    EncodedWorkload encoded = encode(new Workload(capture(), shape, NOW), Protocol.V1);
    assertThat(encoded.series()).isEqualTo(6);
    assertThat(read(encoded).bySeries).hasSize(6);
  }
}
