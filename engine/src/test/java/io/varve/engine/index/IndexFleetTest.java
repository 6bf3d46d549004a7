package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SeriesKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.roaringbitmap.RoaringBitmap;

/** Sizes and times on the series of a real exporter. Sizes are bars, times are printed. */
class IndexFleetTest {
  @TempDir Path folder;

  @Test
  void fortyHosts() throws IOException {
    measure(Fleet.ofHosts(40), 6.0);
  }

  @Test
  void aMillionSeries() throws IOException {
    measure(Fleet.ofHosts(1653), 5.0);
  }

  private void measure(SeriesList arrived, double mostBytesPerSeries) throws IOException {
    int n = arrived.size();
    int[] ids = new int[n];
    Arrays.setAll(ids, i -> i);
    long start = cpuNanos();
    SeriesOrder.sort(arrived, ids);
    System.out.printf("%,d series: sort %d ns per series%n", n, (cpuNanos() - start) / n);
    LabelSource sorted =
        new LabelSource() {
          @Override
          public String tenant(int id) {
            return arrived.tenant(ids[id]);
          }

          @Override
          public byte[] array(int id) {
            return arrived.array(ids[id]);
          }

          @Override
          public int offset(int id) {
            return 0;
          }

          @Override
          public int length(int id) {
            return arrived.length(ids[id]);
          }
        };
    for (int round = 0; round < (n > 100_000 ? 0 : 3); round++) {
      write(sorted, n);
    }
    start = cpuNanos();
    IndexSegmentFile file = write(sorted, n);
    System.out.printf("  write %d ns per series%n", (cpuNanos() - start) / n);
    System.out.printf(
        "  file %.2f bytes per series (%,d)%n", (double) file.bytes() / n, file.bytes());
    assertThat((double) file.bytes() / n).isLessThan(mostBytesPerSeries);

    MemoryIndex memory = new MemoryIndex(arrived);
    start = cpuNanos();
    for (int i = 0; i < n; i++) {
      memory.add(i, arrived.tenant(i), arrived.array(i), 0, arrived.length(i));
    }
    System.out.printf(
        "  head: add %d ns, %.1f bytes per series%n",
        (cpuNanos() - start) / n, (double) memory.bytes() / n);
    assertThat((double) memory.bytes() / n).isLessThan(60);

    try (Arena arena = Arena.ofShared()) {
      start = cpuNanos();
      IndexSegment segment =
          IndexSegment.open(RealFileSystem.INSTANCE, folder, file.path(), file.bytes(), arena);
      System.out.printf("  open %d us%n", (cpuNanos() - start) / 1000);
      start = cpuNanos();
      IndexSegment.open(RealFileSystem.INSTANCE, folder, file.path(), file.bytes(), arena);
      System.out.printf("  open again %d us%n", (cpuNanos() - start) / 1000);
      long[] high = new long[n];
      long[] low = new long[n];
      SeriesKey.Hash hash = new SeriesKey.Hash(1);
      for (int round = 0; round < 3; round++) {
        start = cpuNanos();
        segment.keys(hash, high, low);
      }
      System.out.printf("  keys %d ns per series%n", (cpuNanos() - start) / n);
      Random random = new Random(1);
      int reads = 100_000;
      for (int round = 0; round < 3; round++) {
        start = cpuNanos();
        for (int i = 0; i < reads; i++) {
          segment.canonical(random.nextInt(n));
        }
      }
      System.out.printf("  canonical at random %d ns%n", (cpuNanos() - start) / reads);
      for (int round = 0; round < 3; round++) {
        start = cpuNanos();
        for (int i = 0; i < reads; i++) {
          segment.labels(random.nextInt(n));
        }
      }
      System.out.printf("  labels at random %d ns%n", (cpuNanos() - start) / reads);
      for (int i = 0; i < 1000; i++) {
        int at = random.nextInt(n);
        byte[] expected = arrived.array(ids[at]);
        assertThat(segment.canonical(at)).isEqualTo(expected);
        SeriesKey key = hash.of("", expected, 0, expected.length);
        assertThat(new SeriesKey(high[at], low[at])).isEqualTo(key);
      }
      selections(segment, memory);
      System.out.printf("  resident %,d bytes%n", segment.residentBytes());
      List<String> problems = new ArrayList<>();
      start = cpuNanos();
      segment.verify(problems::add);
      System.out.printf("  verify %d ns per series%n", (cpuNanos() - start) / n);
      assertThat(problems).isEmpty();
    }
  }

  private IndexSegmentFile write(LabelSource sorted, int n) throws IOException {
    return IndexSegmentWriter.write(
        RealFileSystem.INSTANCE,
        folder,
        "fleet.tix",
        new IndexSegmentId(0, 86_400_000, 0, 0, 0),
        sorted,
        n);
  }

  private static void selections(IndexSegment segment, MemoryIndex memory) {
    Matcher cpu = Matcher.equal(Labels.METRIC_NAME, "node_cpu_seconds_total");
    Matcher job = Matcher.equal("job", "node");
    select(segment, memory, "{}", List.of());
    select(segment, memory, "metric", List.of(cpu));
    select(
        segment,
        memory,
        "metric, job, host",
        List.of(cpu, job, Matcher.equal("instance", "host-0007.example.net:9100")));
    select(segment, memory, "metric, job", List.of(cpu, job));
    select(
        segment, memory, "host", List.of(Matcher.equal("instance", "host-0007.example.net:9100")));
    select(segment, memory, "zone", List.of(Matcher.equal("zone", "zone-1")));
    select(
        segment,
        memory,
        "metric, mode!=idle",
        List.of(cpu, new Matcher(Matcher.Type.NEQ, "mode", "idle")));
    select(
        segment,
        memory,
        "metric, mode=~user|system|iowait",
        List.of(cpu, new Matcher(Matcher.Type.RE, "mode", "user|system|iowait")));
    select(
        segment,
        memory,
        "metric, instance=~host-00.*",
        List.of(cpu, new Matcher(Matcher.Type.RE, "instance", "host-00.*")));
    select(
        segment,
        memory,
        "metric, instance=~.*1.*",
        List.of(cpu, new Matcher(Matcher.Type.RE, "instance", ".*1.*")));
    select(
        segment,
        memory,
        "zone, instance=~.*1.*",
        List.of(
            Matcher.equal("zone", "zone-1"), new Matcher(Matcher.Type.RE, "instance", ".*1.*")));
    select(
        segment,
        memory,
        "instance=~.*1.*",
        List.of(new Matcher(Matcher.Type.RE, "instance", ".*1.*")));
    select(
        segment,
        memory,
        "metric=~node_network.*, device!~lo|veth.*",
        List.of(
            new Matcher(Matcher.Type.RE, Labels.METRIC_NAME, "node_network.*"),
            new Matcher(Matcher.Type.NRE, "device", "lo|veth.*")));
    select(segment, memory, "device=", List.of(new Matcher(Matcher.Type.EQ, "device", "")));
    select(
        segment,
        memory,
        "job, collector!=",
        List.of(job, new Matcher(Matcher.Type.NEQ, "collector", "")));
    RoaringBitmap found = segment.select("", List.of(cpu));
    RoaringBitmap inMemory = memory.select("", List.of(cpu));
    time("names of metric", () -> names(segment, found), () -> names(memory, inMemory));
    time("hosts of metric", () -> values(segment, found), () -> values(memory, inMemory));
    RoaringBitmap zone = segment.select("", List.of(Matcher.equal("zone", "zone-1")));
    RoaringBitmap zoneInMemory = memory.select("", List.of(Matcher.equal("zone", "zone-1")));
    time("names of zone", () -> names(segment, zone), () -> names(memory, zoneInMemory));
    time("hosts of zone", () -> values(segment, zone), () -> values(memory, zoneInMemory));
  }

  private static int names(SeriesIndex index, RoaringBitmap within) {
    List<String> names = new ArrayList<>();
    index.labelNames("", within, names::add);
    return names.size();
  }

  private static int values(SeriesIndex index, RoaringBitmap within) {
    List<String> names = new ArrayList<>();
    index.labelValues("", "instance", within, names::add);
    return names.size();
  }

  private static void select(
      IndexSegment segment, MemoryIndex memory, String what, List<Matcher> matchers) {
    time(
        what,
        () -> segment.select("", matchers).getCardinality(),
        () -> memory.select("", matchers).getCardinality());
  }

  private static void time(String what, IntSupplier segment, IntSupplier memory) {
    long first = cpuNanos();
    int found = segment.getAsInt();
    first = cpuNanos() - first;
    assertThat(memory.getAsInt()).isEqualTo(found);
    System.out.printf(
        "  %-45s %,9d found  segment %,9.1f us (first %,9.1f)  head %,9.1f us%n",
        what, found, micros(segment), first / 1e3, micros(memory));
  }

  /** CPU time of this thread: what other work the machine does shall not be measured. */
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static double micros(IntSupplier work) {
    long best = Long.MAX_VALUE;
    long until = cpuNanos() + 10_000_000;
    do {
      long start = cpuNanos();
      int found = work.getAsInt();
      best = Math.min(best, cpuNanos() - start);
      assertThat(found).isNotNegative();
    } while (cpuNanos() < until);
    return best / 1e3;
  }
}
