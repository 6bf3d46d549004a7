package io.varve.query.exec;

import io.varve.engine.GroupedTables;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.query.function.Absent;
import io.varve.query.promql.Durations;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An aggregation that is answered from the tables of a grouped continuous aggregate, at the steps
 * whose windows have one that counts. The other steps go the ordinary way, in runs.
 */
final class GroupedOperator extends SeriesOperator {
  /** With more runs it is cheaper to do some steps in vain. */
  private static final int MOST_RUNS = 8;

  /** Windows without a table that an explanation names. */
  private static final int MOST_NAMED = 5;

  private static final double[] NOTHING = {};

  private static final int VALUES_BETWEEN_CHECKS = 1 << 20;

  private final GroupedMatch match;
  private final Function<StepGrid, SeriesOperator> ordinary;
  private final GroupedTables tables;
  private final TreeMap<Long, GroupedTables.Found> found = new TreeMap<>();
  private final Map<Labels, Integer> rows = new LinkedHashMap<>();
  private long valuesRead;
  private @Nullable SeriesOperator instead;
  private @Nullable StepMatrix result;

  /** A table: the rows of the result that its groups belong to, −1 for none, and its columns. */
  private record Source(int steps, int[] rows, double[] values, double[] counts) {}

  /** Some successive steps. */
  private record Run(int from, int to, SeriesOperator operator, Labels[] labels) {}

  /**
   * @param ordinary makes what computes the same at the steps of a grid
   */
  GroupedOperator(
      QueryContext query,
      StepGrid grid,
      GroupedMatch match,
      Function<StepGrid, SeriesOperator> ordinary) {
    super(query, grid);
    this.match = match;
    this.ordinary = ordinary;
    this.tables = query.snapshot.grouped();
  }

  @Override
  Labels[] prepare() {
    boolean[] known = known();
    explain();
    boolean any = false;
    for (boolean one : known) {
      any |= one;
    }
    if (!any) {
      return insteadOfTables();
    }
    List<Run> runs = new ArrayList<>();
    for (int[] run : runs(known)) {
      SeriesOperator part = ordinary.apply(grid.part(run[0], run[1]));
      Labels[] labels = part.prepare();
      for (Labels one : labels) {
        rows.putIfAbsent(one, rows.size());
      }
      runs.add(new Run(run[0], run[1], part, labels));
    }
    StepMatrix value = fold(known);
    if (value == null) {
      return insteadOfTables(); // which computes the runs once more; it does not come to that
    }
    if (GroupedMatch.isOfCounters(match.over().function())) {
      String name = GroupedMatch.name(match.selection());
      Labels metric = name == null ? Labels.EMPTY : Labels.of(Labels.METRIC_NAME, name);
      for (int row = 0; row < value.rows(); row++) {
        query.annotations.askForCounter(
            metric, false, match.over().position(), grid, value.array(row), value.offset(row));
      }
    }
    query.holdSamples(value.countPresent());
    for (Run run : runs) {
      take(run, value);
    }
    query.countStoredCells(valuesRead);
    result = value;
    return rows.keySet().toArray(new Labels[0]);
  }

  private Labels[] insteadOfTables() {
    SeriesOperator all = ordinary.apply(grid);
    instead = all;
    return all.prepare();
  }

  private void take(Run run, StepMatrix into) {
    StepMatrix part = Rows.materialize(run.operator(), run.labels().length);
    for (int i = 0; i < run.labels().length; i++) {
      int row = rows.getOrDefault(run.labels()[i], 0); // it was put there
      System.arraycopy(
          part.array(i),
          part.offset(i),
          into.array(row),
          into.offset(row) + run.from(),
          run.to() - run.from());
    }
    part.release();
  }

  /** The steps of which all tables are there. */
  private boolean[] known() {
    boolean[] known = new boolean[grid.count()];
    boolean gone = false;
    for (int s = 0; s < known.length; s++) {
      known[s] = true;
      long end = match.selection().reference(grid.time(s));
      long first = end - (match.inWindow() - 1) * match.stepMillis();
      TimeRange window = tables.window(first);
      long width = window.endInclusive() - window.startExclusive();
      for (long start = window.startExclusive(); known[s] && start < end; start += width) {
        GroupedTables.Found one = find(start);
        known[s] = one instanceof GroupedTables.Stored;
        gone |= one instanceof GroupedTables.Stored stored && stored.samplesGone();
      }
    }
    if (gone) {
      query.annotations.samplesGone(Durations.format(match.stepMillis()));
    }
    return known;
  }

  private GroupedTables.Found find(long start) {
    GroupedTables.Found one = found.get(start);
    if (one == null) {
      query.check();
      one = tables.find(query.tenant, match.rule(), match.stepMillis(), start);
      if (one instanceof GroupedTables.Stored stored && stored.table() != null) {
        one = usable(stored.table()) ? one : new GroupedTables.Missing("it is no matter of floats");
      }
      found.put(start, one);
    }
    return one;
  }

  private boolean usable(GroupedTable table) {
    String counts = match.counts();
    return table.values(match.column()) != null && (counts == null || table.values(counts) != null);
  }

  /** Says which windows were of use. */
  private void explain() {
    Profile profile = query.profile();
    if (profile == null) {
      return;
    }
    int missing = 0;
    StringBuilder why = new StringBuilder();
    for (Map.Entry<Long, GroupedTables.Found> entry : found.entrySet()) {
      if (entry.getValue() instanceof GroupedTables.Missing one && ++missing <= MOST_NAMED) {
        why.append("; not from ")
            .append(Instant.ofEpochMilli(entry.getKey()))
            .append(": ")
            .append(one.why());
      }
    }
    profile.remark(
        "grouped aggregate '"
            + match.rule().name()
            + "' at "
            + Durations.format(match.stepMillis())
            + ": "
            + (found.size() - missing)
            + " of "
            + found.size()
            + " windows"
            + why
            + (missing > MOST_NAMED ? "; and others" : ""));
  }

  /** Stretches of steps of which tables are missing; at most so many. */
  private static List<int[]> runs(boolean[] known) {
    List<int[]> runs = new ArrayList<>();
    for (int s = 0; s < known.length; s++) {
      if (!known[s]) {
        if (runs.isEmpty() || runs.getLast()[1] != s) {
          runs.add(new int[] {s, s});
        }
        runs.getLast()[1] = s + 1;
      }
    }
    if (runs.size() > MOST_RUNS) {
      return List.of(new int[] {runs.getFirst()[0], runs.getLast()[1]});
    }
    return runs;
  }

  /** What tables say, at the steps of which they know all; null if that may not be the answer. */
  private @Nullable StepMatrix fold(boolean[] known) {
    Groups.Projection projection = Groups.projection(match.grouping(), match.without());
    Map<Long, Source> sources = new HashMap<>();
    for (Map.Entry<Long, GroupedTables.Found> entry : found.entrySet()) {
      if (entry.getValue() instanceof GroupedTables.Stored stored && stored.table() != null) {
        sources.put(entry.getKey(), source(stored.table(), projection));
      }
    }
    GroupedFold fold = new GroupedFold(query, match.aggregation(), rows.size(), grid.count());
    for (int s = 0; s < known.length; s++) {
      long end = match.selection().reference(grid.time(s));
      long time = end - (match.inWindow() - 1) * match.stepMillis();
      while (known[s] && time <= end) {
        TimeRange window = tables.window(time);
        long start = window.startExclusive();
        int from = (int) ((time - start) / match.stepMillis()) - 1;
        int to = (int) ((Math.min(end, window.endInclusive()) - start) / match.stepMillis());
        Source source = sources.get(start);
        if (source != null) {
          add(source, from, to, s, fold);
        }
        time = start + (to + 1) * match.stepMillis();
      }
    }
    return fold.finish();
  }

  private Source source(GroupedTable table, Groups.Projection projection) {
    List<GroupedTable.Group> groups = table.groups();
    query.chargeBytes(4L * groups.size());
    int[] mine = new int[groups.size()];
    for (int g = 0; g < mine.length; g++) {
      GroupedTable.Group group = groups.get(g);
      mine[g] = -1;
      if (group.tenant().equals(query.tenant) && isMeant(group.labels())) {
        Labels name = projection.of(group.labels());
        Integer row = rows.get(name);
        if (row == null) {
          row = rows.size();
          rows.put(name, row);
          query.chargeBytes(64);
        }
        mine[g] = row;
      }
    }
    String counts = match.counts();
    return new Source(
        table.steps(),
        mine,
        column(table, match.column()),
        counts == null ? NOTHING : column(table, counts));
  }

  private static double[] column(GroupedTable table, String name) {
    double[] values = table.values(name);
    if (values == null) {
      throw new IllegalStateException("BUG: a table without " + name);
    }
    return values;
  }

  private boolean isMeant(Labels labels) {
    for (Matcher matcher : match.more()) {
      if (!matcher.matches(labels.get(matcher.name()))) {
        return false;
      }
    }
    return true;
  }

  /** Adds some steps of a table to one of the query's. */
  private void add(Source source, int from, int to, int step, GroupedFold fold) {
    double[] values = source.values();
    double[] counts = source.counts();
    for (int g = 0; g < source.rows().length; g++) {
      int row = source.rows()[g];
      for (int i = g * source.steps() + from; row >= 0 && i < g * source.steps() + to; i++) {
        if (!Absent.is(values[i])) {
          fold.add(row, step, values[i], counts.length == 0 ? 0 : counts[i]);
        }
      }
    }
    long more = (long) source.rows().length * (to - from);
    if ((valuesRead + more) / VALUES_BETWEEN_CHECKS != valuesRead / VALUES_BETWEEN_CHECKS) {
      query.check();
    }
    valuesRead += more;
  }

  @Override
  @Nullable BitSet loseNames() {
    return null; // tables are not used where names are lost late
  }

  @Override
  void evaluate(int series, double[] out, int at, Worker worker) {
    SeriesOperator other = instead;
    StepMatrix known = result;
    if (other != null) {
      other.evaluate(series, out, at, worker);
    } else if (known == null) {
      Absent.fill(out, at, grid.count());
    } else {
      known.copyRow(series, out, at);
    }
  }
}
