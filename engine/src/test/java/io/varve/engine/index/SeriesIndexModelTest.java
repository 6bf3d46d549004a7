package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.roaringbitmap.RoaringBitmap;

/** Both indexes against a loop over all series. */
class SeriesIndexModelTest {
  private static final String[] NAMES = {
    "__name__",
    "job",
    "instance",
    "zone",
    "a",
    "b",
    "ünïcode",
    "z\uD83D\uDE00",
    "path",
    "é",
    "with space"
  };
  private static final String[] EXPRESSIONS = {
    ".*",
    ".+",
    "",
    "v1",
    "v1|v2|v3",
    "v1|",
    "(v1|v2)",
    "(?:v3|nothing)",
    "v.*",
    "v1.*",
    ".*1",
    ".*v.*1.*",
    "v[0-3]+",
    "v(1|2)?",
    "(?i)V1",
    "v\\d+",
    "[^v].*",
    "v1?",
    "v1*",
    "v1{1,2}",
    "(v.*)?",
    "[^é]*",
    "(m.*)?|v[0-9]*",
    "[^é]+",
    "|v2",
    "\uD83D\uDE00.*",
    "é|ü.*",
    "v1\\.2",
    "a.b",
    "^v1$",
    "()",
    "x*",
    "nothing",
    "nothing.+",
    "v1.2|v2.*",
    ".*é"
  };

  @TempDir Path folder;

  private static long[] seeds() {
    return Seeds.range(1, 8);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void bothIndexesAnswerAsALoopDoes(long seed) throws IOException {
    Random random = new Random(seed);
    int size = new int[] {1, 20, 300, 2500, 2500, 6000, 20000, 9000}[Math.floorMod(seed - 1, 8)];
    SeriesList series = randomSeries(random, size).inFileOrder();
    int firstId = seed % 2 == 0 ? 0 : 60_000 + random.nextInt(10_000);
    IndexSegmentId id = new IndexSegmentId(0, 86_400_000, seed, 3, firstId);
    IndexSegmentFile file =
        IndexSegmentWriter.write(
            RealFileSystem.INSTANCE, folder, "segment.tix", id, series, series.size());
    MemoryIndex memory = new MemoryIndex(series);
    for (int i = 0; i < series.size(); i++) {
      memory.add(i, series.tenant(i), series.array(i), 0, series.length(i));
    }
    try (Arena arena = Arena.ofShared()) {
      IndexSegment segment =
          IndexSegment.open(RealFileSystem.INSTANCE, folder, file.path(), file.bytes(), arena);
      List<String> problems = new ArrayList<>();
      segment.verify(problems::add);
      assertThat(problems).isEmpty();
      labelsComeBack(series, segment, memory, firstId);
      Set<String> tenants = tenants(series);
      compareCounts(series, tenants, segment);
      compareCounts(series, tenants, memory);
      int rounds = size > 5000 ? 80 : 300;
      for (int round = 0; round < rounds; round++) {
        String tenant = pick(random, List.of("", "t1", "t2", "absent"));
        List<Matcher> matchers = randomMatchers(random);
        RoaringBitmap expected = loop(series, tenant, matchers);
        RoaringBitmap found = segment.select(tenant, matchers);
        assertThat(RoaringBitmap.addOffset(found, -firstId))
            .as("segment: tenant '%s', %s", tenant, matchers)
            .isEqualTo(expected);
        assertThat(memory.select(tenant, matchers))
            .as("memory: tenant '%s', %s", tenant, matchers)
            .isEqualTo(expected);
        compareNames(series, tenant, expected, found, segment, memory, random);
      }
      compareNames(series, "", null, null, segment, memory, random);
      compareNames(series, "t2", null, null, segment, memory, random);
    }
  }

  private static void labelsComeBack(
      SeriesList series, IndexSegment segment, MemoryIndex memory, int firstId) {
    for (int i = 0; i < series.size(); i++) {
      int at = (int) (i * 7919L % series.size());
      assertThat(segment.canonical(firstId + at)).isEqualTo(series.array(at));
      assertThat(segment.labels(firstId + at)).isEqualTo(series.labels(at));
      assertThat(segment.tenant(firstId + at)).isEqualTo(series.tenant(at));
      assertThat(memory.labels(at)).isEqualTo(series.labels(at));
    }
  }

  private static void compareCounts(SeriesList series, Set<String> tenants, SeriesIndex index) {
    Set<String> found = new LinkedHashSet<>();
    index.tenants(found::add);
    assertThat(found).containsExactlyInAnyOrderElementsOf(tenants);
    for (String tenant : tenants) {
      Map<String, Integer> pairs = new HashMap<>();
      int count = 0;
      for (int i = 0; i < series.size(); i++) {
        if (series.tenant(i).equals(tenant)) {
          count++;
          Labels labels = series.labels(i);
          for (int k = 0; k < labels.size(); k++) {
            pairs.merge(labels.name(k) + "\0" + labels.value(k), 1, Integer::sum);
          }
        }
      }
      assertThat(index.seriesCount(tenant)).isEqualTo(count);
      Map<String, Integer> counted = new HashMap<>();
      index.labelPairs(
          tenant, (name, value, n) -> assertThat(counted.put(name + "\0" + value, n)).isNull());
      assertThat(counted).isEqualTo(pairs);
    }
    assertThat(index.seriesCount("absent")).isZero();
  }

  private static void compareNames(
      SeriesList series,
      String tenant,
      @Nullable RoaringBitmap within,
      @Nullable RoaringBitmap inSegment,
      IndexSegment segment,
      MemoryIndex memory,
      Random random) {
    Map<String, Set<String>> expected = new TreeMap<>();
    for (int i = 0; i < series.size(); i++) {
      if (series.tenant(i).equals(tenant) && (within == null || within.contains(i))) {
        Labels labels = series.labels(i);
        for (int k = 0; k < labels.size(); k++) {
          expected.computeIfAbsent(labels.name(k), n -> new TreeSet<>()).add(labels.value(k));
        }
      }
    }
    List<String> names = new ArrayList<>();
    segment.labelNames(tenant, inSegment, names::add);
    assertThat(names).containsExactlyInAnyOrderElementsOf(expected.keySet());
    names.clear();
    memory.labelNames(tenant, within, names::add);
    assertThat(names).containsExactlyInAnyOrderElementsOf(expected.keySet());
    for (int i = 0; i < 3; i++) {
      String name = NAMES[random.nextInt(NAMES.length)];
      Set<String> values = expected.getOrDefault(name, Set.of());
      List<String> found = new ArrayList<>();
      segment.labelValues(tenant, name, inSegment, found::add);
      assertThat(found).containsExactlyInAnyOrderElementsOf(values);
      found.clear();
      memory.labelValues(tenant, name, within, found::add);
      assertThat(found).containsExactlyInAnyOrderElementsOf(values);
    }
    List<String> none = new ArrayList<>();
    segment.labelValues(tenant, "no such label", inSegment, none::add);
    memory.labelValues(tenant, "no such label", within, none::add);
    assertThat(none).isEmpty();
  }

  private static RoaringBitmap loop(SeriesList series, String tenant, List<Matcher> matchers) {
    RoaringBitmap found = new RoaringBitmap();
    for (int i = 0; i < series.size(); i++) {
      if (series.tenant(i).equals(tenant)) {
        Labels labels = series.labels(i);
        boolean all = true;
        for (Matcher matcher : matchers) {
          all &= matcher.matches(labels.get(matcher.name()));
        }
        if (all) {
          found.add(i);
        }
      }
    }
    return found;
  }

  private static List<Matcher> randomMatchers(Random random) {
    List<Matcher> matchers = new ArrayList<>();
    // One alone is never tested on labels, several are soon.
    int n = random.nextInt(3) == 0 ? 1 : random.nextInt(4);
    for (int i = 0; i < n; i++) {
      String name = random.nextInt(15) == 0 ? "no such label" : NAMES[random.nextInt(NAMES.length)];
      switch (random.nextInt(6)) {
        case 0 -> matchers.add(new Matcher(Matcher.Type.NEQ, name, value(random)));
        case 1 -> matchers.add(new Matcher(Matcher.Type.EQ, name, value(random)));
        case 2, 3 ->
            matchers.add(
                new Matcher(
                    Matcher.Type.NRE, name, EXPRESSIONS[random.nextInt(EXPRESSIONS.length)]));
        default ->
            matchers.add(
                new Matcher(
                    Matcher.Type.RE, name, EXPRESSIONS[random.nextInt(EXPRESSIONS.length)]));
      }
    }
    Collections.shuffle(matchers, random);
    return matchers;
  }

  private static SeriesList randomSeries(Random random, int size) {
    Set<String> seen = new LinkedHashSet<>();
    SeriesList series = new SeriesList();
    int many = Math.max(3, size / 3);
    while (series.size() < size) {
      String tenant = size < 10 ? "" : pick(random, List.of("", "", "t1", "t2"));
      Labels.Builder labels = new Labels.Builder();
      if (random.nextInt(20) != 0) {
        labels.add("__name__", "m" + random.nextInt(1 + size / 50));
      }
      for (int n = 1; n < NAMES.length; n++) {
        if (random.nextInt(NAMES.length) < 11 - n) {
          boolean wide = n == 2 || n == 8;
          labels.add(NAMES[n], wide ? "v" + random.nextInt(many) + ".2" : nonEmpty(random));
        }
      }
      Labels built = labels.build();
      if (seen.add(tenant + "\0" + built)) {
        series.add(tenant, built);
      }
    }
    return series;
  }

  private static String nonEmpty(Random random) {
    String value = value(random);
    return value.isEmpty() ? "v0" : value;
  }

  private static String value(Random random) {
    return switch (random.nextInt(12)) {
      case 0 -> "";
      case 1 -> "\uD83D\uDE00" + random.nextInt(3);
      case 2 -> "é";
      case 3 -> "ü" + random.nextInt(2);
      case 4 -> "a\nb";
      case 5 -> "v1.2";
      case 6 -> "m" + random.nextInt(5);
      case 7 -> "\uFFFD";
      default -> "v" + random.nextInt(12);
    };
  }

  private static Set<String> tenants(SeriesList series) {
    Set<String> tenants = new TreeSet<>();
    for (int i = 0; i < series.size(); i++) {
      tenants.add(series.tenant(i));
    }
    return tenants;
  }

  private static <T> T pick(Random random, List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
