package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.GroupedFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The {@link GroupedTables} of a {@link SnapshotView}. */
final class GroupedView implements GroupedTables {
  private final SnapshotView snapshot;
  private final View view;
  private final AggregateRules rules;
  private final GroupedFiles files;
  private final Windows cut;
  private final long nowMillis;
  private final EngineCounters counters;

  /**
   * @param nowMillis windows that end later are not over
   */
  GroupedView(
      SnapshotView snapshot,
      AggregateRules rules,
      GroupedFiles files,
      Windows cut,
      long nowMillis,
      EngineCounters counters) {
    this.snapshot = snapshot;
    this.view = snapshot.view();
    this.rules = rules;
    this.files = files;
    this.cut = cut;
    this.nowMillis = nowMillis;
    this.counters = counters;
  }

  @Override
  public List<AggregateRule> rules() {
    return rules.grouped();
  }

  @Override
  public TimeRange window(long time) {
    long start = cut.start(time);
    return new TimeRange(start, start + cut.width());
  }

  @Override
  public Found find(String tenant, AggregateRule rule, long stepMillis, long windowStart) {
    TimeRange range = new TimeRange(windowStart, windowStart + cut.width());
    snapshot.queried(tenant, rule.matchers());
    if (snapshot.isOpen(tenant, rule.matchers(), range)) {
      return new Missing("some of its samples are not in files yet");
    }
    WindowView window = view.windows().get(windowStart);
    if (window == null) {
      return new Stored(null, false);
    }
    String digest = rules.digestOf(rule);
    GroupedFile known = null;
    boolean outdated = false;
    for (GroupedFile file : window.state().grouped()) {
      if (file.stepMillis() == stepMillis && file.rule().equals(digest)) {
        boolean current = file.state().equals(window.groupedState(snapshot.policy()));
        known = current ? file : known;
        outdated |= !current;
      }
    }
    if (known == null) {
      return new Missing(outdated ? "it has changed since it was derived" : "it is not derived");
    }
    GroupedFate fate = fate(window, rule, stepMillis);
    if (fate == null || fate == GroupedFate.LET_GO || fate == GroupedFate.OUTDATED) {
      return new Missing("a delete or the retention changes it at this moment");
    }
    try {
      boolean gone = known.samplesGone() || fate == GroupedFate.KEPT;
      counters.groupedRead.increment();
      return new Stored(known.isFile() ? files.table(known) : null, gone);
    } catch (CorruptDataException e) {
      snapshot.storeDamage(String.valueOf(e.getMessage()));
      return new Missing("its file is damaged");
    } catch (IOException e) {
      return new Missing("its file cannot be read: " + e.getMessage());
    }
  }

  /** What becomes of a table by what the files do not know yet; null: it may change anyhow. */
  private @Nullable GroupedFate fate(WindowView window, AggregateRule rule, long stepMillis) {
    if (view.shown().get(window.start()) != window) {
      return null; // a delete there was taken back
    }
    for (Delete delete : view.deletes()) {
      if (rule.isOf(delete.tenant()) && touches(window, delete.range())) {
        return null;
      }
    }
    GroupedFate fate = GroupedFate.UNTOUCHED;
    for (Expiry expiry : view.expiries()) {
      GroupedFate next = GroupedFate.of(window, rule, stepMillis, expiry, snapshot.damageLog());
      fate = next.compareTo(fate) > 0 ? next : fate;
    }
    return fate;
  }

  private static boolean touches(WindowView window, TimeRange range) {
    return range.startExclusive() < window.end() && range.endInclusive() > window.start();
  }

  @Override
  public @Nullable GroupedWork missing(Predicate<GroupedWork> wanted) {
    if (rules.grouped().isEmpty() || !view.expiries().isEmpty()) {
      return null;
    }
    NavigableMap<Long, WindowView> windows = view.windows().descendingMap();
    for (WindowView window : windows.values()) {
      if (window.end() > nowMillis || !JobRunner.isWhole(window)) {
        continue;
      }
      GroupedWork work = work(window, false);
      if (work != null && wanted.test(work)) {
        work = settled(window, work);
        if (work != null) {
          return work;
        }
      }
    }
    return null;
  }

  @Override
  public List<GroupedWork> derived() {
    List<GroupedWork> derived = new ArrayList<>();
    for (WindowView window : view.windows().values()) {
      GroupedWork work = work(window, true);
      if (work != null) {
        derived.add(work);
      }
    }
    return derived;
  }

  /** The tables of a window that are there, or that are not. */
  private @Nullable GroupedWork work(WindowView window, boolean there) {
    List<GroupedWork.Wanted> tables = new ArrayList<>();
    String state = window.groupedState(snapshot.policy());
    for (AggregateRule rule : rules.grouped()) {
      String digest = rules.digestOf(rule);
      for (long step : rule.cellMillis()) {
        boolean found = false;
        boolean counts = true;
        for (GroupedFile file : window.state().grouped()) {
          boolean is = isOf(file, digest, step) && file.state().equals(state);
          found |= is && !files.isUnreadable(file);
          counts &= !is || (file.isFile() && !file.samplesGone());
        }
        GroupedWork.Wanted table = new GroupedWork.Wanted(rule, step, digest);
        if (found == there && (!there || counts) && !tables.contains(table)) {
          tables.add(table);
        }
      }
    }
    if (tables.isEmpty()) {
      return null;
    }
    Set<String> tenants = new TreeSet<>();
    try {
      for (Shared<WindowView.IndexResource> resource : window.index()) {
        IndexSegment segment = resource.get().segment();
        segment.tenants(tenants::add);
      }
    } catch (CorruptDataException e) {
      snapshot.storeDamage(String.valueOf(e.getMessage()));
      return null;
    }
    TimeRange range = new TimeRange(window.start(), window.end());
    return new GroupedWork(range, state, List.copyOf(tenants), tables);
  }

  static boolean isOf(GroupedFile file, String digest, long stepMillis) {
    return file.stepMillis() == stepMillis && file.rule().equals(digest);
  }

  /** What of the work does not wait for something else. */
  private @Nullable GroupedWork settled(WindowView window, GroupedWork work) {
    List<GroupedWork.Wanted> left = new ArrayList<>();
    for (GroupedWork.Wanted table : work.tables()) {
      boolean open = fate(window, table.rule(), table.stepMillis()) == null;
      for (String tenant : work.tenants()) {
        open =
            open
                || (table.rule().isOf(tenant)
                    && snapshot.isOpen(tenant, table.rule().matchers(), work.window()));
      }
      if (!open) {
        left.add(table);
      }
    }
    return left.isEmpty() ? null : work.with(left);
  }
}
