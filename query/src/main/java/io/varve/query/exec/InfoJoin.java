package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.query.QueryException;
import io.varve.query.function.Absent;
import io.varve.query.plan.Selection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * info(): adds to each series the labels of the info series with the same {@code job} and {@code
 * instance}; of several of one name at a step, the one with the newest sample counts (Prometheus
 * 3.14 {@code promql/info.go}).
 */
final class InfoJoin extends SeriesOperator {
  private static final List<String> IDENTIFYING = List.of("instance", "job");
  private static final Matcher TARGET_INFO = Matcher.equal(Labels.METRIC_NAME, "target_info");

  private final SeriesOperator inner;
  private final Selection selection;

  /** What names info series have. */
  private final List<Matcher> names;

  private final Map<String, List<Matcher>> dataLabels = new TreeMap<>();

  private final Map<Labels, Integer> rows = new HashMap<>();
  private final List<Labels> labels = new ArrayList<>();
  private final List<double[]> columns = new ArrayList<>();
  private final BitSet loseNames = new BitSet();
  private long[] infosSeen = new long[0];

  /**
   * @param selection the matchers of info series and their labels, and as of when they are looked
   *     at
   */
  InfoJoin(SeriesOperator inner, Selection selection) {
    super(inner.query, inner.grid);
    this.inner = inner;
    this.selection = selection;
    this.names = names(selection.matchers());
    for (Matcher matcher : selection.matchers()) {
      if (!matcher.name().equals(Labels.METRIC_NAME)) {
        dataLabels.computeIfAbsent(matcher.name(), key -> new ArrayList<>()).add(matcher);
      }
    }
  }

  /** Those of a query that tells none are target_info, those it only excludes are not all. */
  private static List<Matcher> names(List<Matcher> matchers) {
    List<Matcher> told =
        new ArrayList<>(
            matchers.stream().filter(m -> m.name().equals(Labels.METRIC_NAME)).toList());
    if (told.isEmpty()) {
      told.add(TARGET_INFO);
    } else if (told.stream().noneMatch(InfoJoin::isPositive)) {
      told.add(new Matcher(Matcher.Type.RE, Labels.METRIC_NAME, ".+_info"));
    }
    return told;
  }

  private static boolean isPositive(Matcher matcher) {
    return matcher.type() == Matcher.Type.EQ || matcher.type() == Matcher.Type.RE;
  }

  /** The info series: their labels, and per step the time of their newest sample. */
  private record Infos(List<Labels> labels, List<long[]> times) {}

  @Override
  Labels[] prepare() {
    Labels[] base = inner.prepare();
    boolean[] isInfo = new boolean[base.length];
    for (int i = 0; i < base.length; i++) {
      String name = base[i].get(Labels.METRIC_NAME);
      isInfo[i] = names.stream().allMatch(m -> m.matches(name));
    }
    Infos infos = infos(base, isInfo);
    infosSeen = seen(infos);
    Map<Labels, Integer> signatures = new HashMap<>();
    Map<String, Integer> infoNames = new TreeMap<>();
    int[] signatureOfInfo = new int[infos.labels.size()];
    for (int i = 0; i < signatureOfInfo.length; i++) {
      Labels info = infos.labels.get(i);
      infoNames.putIfAbsent(info.get(Labels.METRIC_NAME), 0);
      signatureOfInfo[i] = number(signatures, signature(info, info.get(Labels.METRIC_NAME)));
    }
    int[][] signaturesOfBase = new int[base.length][];
    for (int i = 0; i < base.length; i++) {
      Labels series = base[i];
      signaturesOfBase[i] =
          infoNames.keySet().stream()
              .mapToInt(name -> signatures.getOrDefault(signature(series, name), -1))
              .toArray();
    }
    join(base, isInfo, infos, signatureOfInfo, signaturesOfBase, signatures.size());
    return labels.toArray(new Labels[0]);
  }

  /** After {@link #prepare}: how many info series have a sample at each step. */
  long[] infosSeen() {
    return infosSeen;
  }

  private long[] seen(Infos infos) {
    long[] seen = new long[grid.count()];
    for (long[] times : infos.times) {
      for (int s = 0; s < seen.length; s++) {
        seen[s] += times[s] == Long.MIN_VALUE ? 0 : 1;
      }
    }
    return seen;
  }

  private static int number(Map<Labels, Integer> numbers, Labels signature) {
    Integer known = numbers.putIfAbsent(signature, numbers.size());
    return known == null ? numbers.size() - 1 : known;
  }

  private static Labels signature(Labels series, String infoName) {
    return new Labels.Builder(series.filter(IDENTIFYING::contains))
        .set(Labels.METRIC_NAME, infoName)
        .build();
  }

  /** Reads the info series that may belong to any of the others. */
  private Infos infos(Labels[] base, boolean[] isInfo) {
    Infos infos = new Infos(new ArrayList<>(), new ArrayList<>());
    Map<String, Set<String>> identities = new HashMap<>();
    for (int i = 0; i < base.length; i++) {
      for (String name : IDENTIFYING) {
        String value = base[i].get(name);
        if (!isInfo[i] && !value.isEmpty()) {
          identities.computeIfAbsent(name, key -> new HashSet<>()).add(value);
        }
      }
    }
    if (identities.isEmpty() || grid.count() == 0) {
      return infos;
    }
    List<Matcher> matchers = new ArrayList<>(names);
    dataLabels.values().forEach(matchers::addAll);
    SelectedSeries selected =
        new SelectedSeries(
            query,
            matchers,
            new TimeRange(
                selection.reference(grid.start()) - query.lookbackMillis,
                selection.reference(grid.last())));
    Labels[] all = selected.labels();
    long[][] times = new long[all.length][];
    query.parallelSeries(
        all.length,
        grid.count(),
        (from, to, worker) -> {
          for (int i = from; i < to; i++) {
            Labels info = all[i];
            boolean wanted =
                identities.entrySet().stream()
                    .allMatch(id -> id.getValue().contains(info.get(id.getKey())));
            if (wanted) {
              times[i] = newest(selected, i, worker);
            }
          }
        });
    for (int i = 0; i < all.length; i++) {
      if (times[i] != null) {
        infos.labels.add(all[i]);
        infos.times.add(times[i]);
      }
    }
    return infos;
  }

  /** Per step the time of the sample that an instant selector sees; least if there is none. */
  private long[] newest(SelectedSeries selected, int series, Worker worker) {
    int steps = grid.count();
    query.chargeBytes(8L * steps);
    long[] found = new long[steps];
    SampleColumns samples =
        selected.read(
            series,
            new TimeRange(
                selection.reference(grid.start()) - query.lookbackMillis,
                selection.reference(grid.last())),
            worker);
    int row = -1;
    for (int s = 0; s < steps; s++) {
      long reference = selection.reference(grid.time(s));
      while (row + 1 < samples.size && samples.times[row + 1] <= reference) {
        row++;
      }
      found[s] = Long.MIN_VALUE;
      if (row >= 0
          && samples.times[row] > reference - query.lookbackMillis
          && !StaleMarker.is(samples.values[row])) {
        if (samples.histogram(row) != null) {
          throw QueryException.execution("info sample should be float");
        }
        found[s] = samples.times[row];
      }
    }
    return found;
  }

  private void join(
      Labels[] base,
      boolean[] isInfo,
      Infos infos,
      int[] signatureOfInfo,
      int[][] signaturesOfBase,
      int signatures) {
    StepMatrix values = Rows.materialize(inner, base.length);
    BitSet lost = inner.loseNames();
    boolean keepsOthers =
        dataLabels.values().stream().allMatch(l -> l.stream().allMatch(m -> m.matches("")));
    int[] infoOf = new int[signatures];
    List<Map<List<Integer>, Integer>> known = new ArrayList<>();
    for (int i = 0; i < base.length; i++) {
      known.add(new HashMap<>());
    }
    for (int s = 0; s < grid.count(); s++) {
      query.check();
      choose(infos, signatureOfInfo, s, infoOf);
      for (int i = 0; i < base.length; i++) {
        double value = values.get(i, s);
        if (Absent.is(value)) {
          continue;
        }
        List<Integer> chosen = new ArrayList<>();
        if (!isInfo[i]) {
          for (int signature : signaturesOfBase[i]) {
            if (signature >= 0 && infoOf[signature] >= 0) {
              chosen.add(infoOf[signature]);
            }
          }
          if (chosen.isEmpty() && !keepsOthers) {
            continue;
          }
        }
        Integer row = known.get(i).get(chosen);
        if (row == null) {
          row = row(joined(base[i], chosen, infos));
          known.get(i).put(chosen, row);
          if (lost != null && lost.get(i)) {
            loseNames.set(row);
          }
        }
        double[] column = columns.get(row);
        if (!Absent.is(column[s])) {
          throw Merged.sameLabelset();
        }
        column[s] = value;
      }
    }
  }

  /** Of the info series with the same signature the one with the newest sample at a step. */
  private static void choose(Infos infos, int[] signatureOfInfo, int step, int[] infoOf) {
    Arrays.fill(infoOf, -1);
    for (int i = 0; i < signatureOfInfo.length; i++) {
      long time = infos.times.get(i)[step];
      if (time == Long.MIN_VALUE) {
        continue;
      }
      int other = infoOf[signatureOfInfo[i]];
      long otherTime = other < 0 ? Long.MIN_VALUE : infos.times.get(other)[step];
      if (other >= 0 && time == otherTime) {
        throw QueryException.execution(
            "found duplicate series for info metric: existing "
                + infos.labels.get(other)
                + " @ "
                + otherTime
                + ", new "
                + infos.labels.get(i)
                + " @ "
                + time);
      }
      if (time > otherTime) {
        infoOf[signatureOfInfo[i]] = i;
      }
    }
  }

  private Labels joined(Labels base, List<Integer> chosen, Infos infos) {
    Map<String, String> added = new HashMap<>();
    for (int i : chosen) {
      Labels info = infos.labels.get(i);
      for (int k = 0; k < info.size(); k++) {
        String name = info.name(k);
        if (name.equals(Labels.METRIC_NAME)
            || (!dataLabels.isEmpty() && !dataLabels.containsKey(name))) {
          continue;
        }
        String before = added.get(name);
        if (before != null && !before.equals(info.value(k))) {
          throw QueryException.execution("conflicting label: " + name);
        }
        if (!base.has(name)) {
          added.put(name, info.value(k));
        }
      }
    }
    Labels.Builder result = new Labels.Builder(base);
    added.forEach(result::set);
    return result.build();
  }

  private int row(Labels result) {
    Integer known = rows.putIfAbsent(result, labels.size());
    if (known != null) {
      return known;
    }
    query.chargeBytes(8L * grid.count() + 128);
    double[] column = new double[grid.count()];
    Absent.fill(column, 0, column.length);
    labels.add(result);
    columns.add(column);
    return labels.size() - 1;
  }

  @Override
  @Nullable BitSet loseNames() {
    return loseNames.isEmpty() ? null : loseNames;
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    System.arraycopy(columns.get(series), 0, out, at, grid.count());
  }
}
