package io.varve.query.grouped;

import io.varve.engine.Engine;
import io.varve.engine.GroupedTables;
import io.varve.engine.GroupedWork;
import io.varve.engine.Snapshot;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.StaleMarker;
import io.varve.query.Cancellation;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the tables of grouped aggregates complete: derives those that are missing, newest window
 * first, and looks at some of those that are there. It does so when it is called; one thread at a
 * time.
 */
public final class GroupedUpkeep {
  private static final System.Logger LOGGER = System.getLogger(GroupedUpkeep.class.getName());
  private static final int MOST_FAILURES = 10_000;
  private static final long RETRY_MILLIS = 60_000;

  /** Relative difference that sums may have. */
  private static final double CLOSE = 1e-9;

  private final Engine engine;
  private final QueryEngine queries;
  private final Map<String, Long> failures = new HashMap<>(); // until when they are left alone

  /**
   * For one engine.
   *
   * @param queries evaluates what is derived; stays the caller's
   */
  public GroupedUpkeep(Engine engine, QueryEngine queries) {
    this.engine = engine;
    this.queries = queries;
  }

  /**
   * Derives the tables that one window lacks.
   *
   * @param nowMillis by which failures are tried again
   * @param cancellation ends it early
   * @return false if there was nothing to do
   */
  public boolean derive(long nowMillis, Cancellation cancellation) {
    GroupedWork work;
    List<GroupedTable> tables = new ArrayList<>();
    try (Snapshot snapshot = engine.snapshot()) {
      work = snapshot.grouped().missing(some -> isDue(some, nowMillis));
      if (work == null) {
        return false;
      }
      GroupedDeriver deriver =
          new GroupedDeriver(queries, QueryOptions.DEFAULT.withCancellation(cancellation));
      try {
        for (GroupedWork.Wanted wanted : work.tables()) {
          tables.add(deriver.derive(snapshot, work, wanted));
        }
      } catch (QueryException e) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            "grouped aggregates of " + work.window() + " are derived later: " + e.getMessage());
      }
    }
    if (tables.size() < work.tables().size() || !engine.keepGrouped(work, tables)) {
      leaveAlone(work, nowMillis);
    }
    return true;
  }

  private static String name(GroupedWork work) {
    StringBuilder name = new StringBuilder();
    name.append(work.window().startExclusive()).append(' ').append(work.state());
    work.tables().forEach(t -> name.append(' ').append(t.digest()).append(t.stepMillis()));
    return name.toString();
  }

  private boolean isDue(GroupedWork work, long nowMillis) {
    Long until = failures.get(name(work));
    return until == null || nowMillis >= until || until - nowMillis > RETRY_MILLIS;
  }

  private void leaveAlone(GroupedWork work, long nowMillis) {
    if (failures.size() >= MOST_FAILURES) {
      failures.clear();
    }
    failures.put(name(work), nowMillis + RETRY_MILLIS);
  }

  /**
   * Derives one table again, from samples alone, and compares. One that is wrong is reported and
   * goes, so that it is derived anew.
   *
   * @return false if there was nothing to look at
   */
  public boolean audit(RandomGenerator random, Cancellation cancellation) {
    GroupedWork one;
    String problem;
    try (Snapshot snapshot = engine.snapshot()) {
      List<GroupedWork> derived = snapshot.grouped().derived();
      if (derived.isEmpty()) {
        return false;
      }
      GroupedWork work = derived.get(random.nextInt(derived.size()));
      GroupedWork.Wanted table = work.tables().get(random.nextInt(work.tables().size()));
      one = work.with(List.of(table));
      problem = compare(snapshot, one, table, cancellation);
    } catch (QueryException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "a table is not looked at: " + e.getMessage());
      return true;
    }
    if (problem != null) {
      engine.forgetGrouped(one, problem);
    }
    return true;
  }

  private @Nullable String compare(
      Snapshot snapshot, GroupedWork work, GroupedWork.Wanted table, Cancellation cancellation) {
    GroupedTable stored = null;
    for (String tenant : work.tenants()) {
      GroupedTables.Found found =
          snapshot
              .grouped()
              .find(tenant, table.rule(), table.stepMillis(), work.window().startExclusive());
      if (!(found instanceof GroupedTables.Stored one)) {
        return null; // it does not count at this moment
      }
      stored = one.table();
    }
    if (stored == null) {
      return null;
    }
    GroupedTable derived =
        new GroupedDeriver(
                queries,
                QueryOptions.DEFAULT.withStoredAggregates(false).withCancellation(cancellation))
            .derive(snapshot, work, table);
    engine.auditedGrouped((long) stored.groups().size() * stored.steps() * stored.columns().size());
    String difference = difference(stored, derived);
    return difference == null
        ? null
        : "grouped aggregate '"
            + table.rule().name()
            + "' of "
            + work.window()
            + " is not what its samples are ("
            + difference
            + ")";
  }

  /** Where two tables differ; null if nowhere. */
  static @Nullable String difference(GroupedTable stored, GroupedTable derived) {
    if (!stored.groups().equals(derived.groups())) {
      return stored.groups().size() + " groups in place of " + derived.groups().size();
    }
    for (GroupedTable.Column column : derived.columns()) {
      double[] expected = column.values();
      double[] found = stored.values(column.name());
      if (expected == null || found == null) {
        continue; // one may be beyond a limit, by which nothing is answered wrongly
      }
      for (int i = 0; i < expected.length; i++) {
        if (!isClose(expected[i], found[i])) {
          return column.name() + " is " + found[i] + " in place of " + expected[i];
        }
      }
    }
    return null;
  }

  private static boolean isClose(double expected, double found) {
    if (StaleMarker.is(expected) || StaleMarker.is(found)) {
      return StaleMarker.is(expected) && StaleMarker.is(found);
    }
    return Double.compare(expected, found) == 0
        || Math.abs(expected - found) <= CLOSE * Math.max(1, Math.abs(expected));
  }
}
