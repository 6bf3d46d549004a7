package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.WindowState;
import io.varve.engine.policy.RetentionPolicy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.roaringbitmap.RoaringBitmap;

/** Finds out what a policy would do to windows; changes nothing. */
final class RetentionPlanner {
  private final Windows windows;
  private final DamageLog damage = new DamageLog();

  private final AggregateRules aggregates;
  private final DuplicatePolicy duplicates;

  RetentionPlanner(Windows windows, AggregateRules aggregates, DuplicatePolicy duplicates) {
    this.windows = windows;
    this.aggregates = aggregates;
    this.duplicates = duplicates;
  }

  /**
   * What goes at a time: by age first, then, of what is left, for the limits of the disk.
   *
   * @param storedBytes files and log
   * @param freeBytes of the disk
   * @param minFreeBytes that are to be free
   * @param closedBefore windows that end later stay, whatever the limits
   */
  RetentionPlan plan(
      NavigableMap<Long, WindowView> views,
      RetentionPolicy policy,
      DiskLimits limits,
      long nowMillis,
      long storedBytes,
      long freeBytes,
      long minFreeBytes,
      long closedBefore) {
    List<RetentionPlan.Window> found = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    TreeMap<Long, WindowView> left = new TreeMap<>(views);
    Expiry expiry = new Expiry(Long.MAX_VALUE, nowMillis, policy, windows);
    long freed = 0;
    for (Expirer.Loss loss :
        Expirer.losses(views.values(), expiry, Set.of(), aggregates, duplicates, damage)) {
      RetentionPlan.Window window = byAge(loss);
      freed += window.bytes();
      found.add(window);
      if (loss.isWhole()) {
        left.remove(window.start());
      }
    }
    long excess = limits.maxBytes() == 0 ? 0 : Math.max(0, storedBytes - freed - limits.maxBytes());
    long lack = Math.max(0, minFreeBytes - freeBytes - freed);
    long keptFrom = Math.min(closedBefore, nowMillis - limits.keptMillis());
    for (WindowView window : left.values()) {
      boolean bySize = excess > 0 && window.end() <= closedBefore;
      boolean bySpace = lack > 0 && window.end() <= keptFrom;
      if (!bySize && !bySpace) {
        break;
      }
      RetentionPlan.Window whole = whole(window, bySize ? DropReason.SIZE : DropReason.FREE_DISK);
      excess -= whole.bytes();
      lack -= whole.bytes();
      found.removeIf(other -> other.start() == whole.start());
      found.add(whole);
    }
    long wanted = Math.max(excess, lack);
    if (wanted > 0) {
      problems.add("when all is gone that may go, " + wanted + " bytes are still too many");
    }
    found.sort(Comparator.comparingLong(RetentionPlan.Window::start));
    problems.addAll(damage.all());
    return new RetentionPlan(nowMillis, found, storedBytes, problems);
  }

  private RetentionPlan.Window byAge(Expirer.Loss loss) {
    if (loss.isWhole()) {
      return whole(loss.window(), DropReason.AGE);
    }
    WindowView window = loss.window();
    List<String> paths = new ArrayList<>();
    long samples = 0;
    long bytes = 0;
    for (ChunkFile file : loss.files()) {
      paths.add(file.path());
      samples += file.samples();
      bytes += file.bytes();
    }
    for (CellsFile file : loss.cells()) {
      paths.add(file.file().path());
      bytes += file.file().bytes();
    }
    for (GroupedFile file : loss.grouped()) {
      paths.add(file.path());
      bytes += file.bytes();
    }
    double later = 0;
    Set<String> gone = new HashSet<>(paths);
    for (Shared<ChunkReader> resource : window.chunks()) {
      ChunkReader chunk = resource.get();
      if (loss.rest() && !gone.contains(chunk.file().path())) {
        try {
          long[] share = share(chunk, loss.series());
          samples += share[0];
          later += chunk.file().bytes() * (double) share[1] / Math.max(1, share[2]);
        } catch (CorruptDataException e) {
          damage.add(String.valueOf(e.getMessage()));
        }
      }
    }
    return new RetentionPlan.Window(
        window.start(),
        window.end(),
        DropReason.AGE,
        false,
        paths,
        loss.series().getLongCardinality(),
        samples,
        bytes,
        (long) later);
  }

  /** Of some series in a file: samples, bytes of blocks; and the bytes of all blocks. */
  private static long[] share(ChunkReader chunk, RoaringBitmap series) {
    long[] share = new long[3];
    for (int row = 0, rows = chunk.seriesCount(); row < rows; row++) {
      boolean mine = series.contains(chunk.windowIdAt(row));
      for (int block = chunk.firstBlock(row), end = chunk.endBlock(row); block < end; block++) {
        share[2] += chunk.bytes(block);
        if (mine) {
          share[0] += chunk.count(block);
          share[1] += chunk.bytes(block);
        }
      }
    }
    return share;
  }

  private static RetentionPlan.Window whole(WindowView window, DropReason reason) {
    WindowState state = window.state();
    List<String> paths = new ArrayList<>();
    long samples = 0;
    for (ChunkFile file : state.chunks()) {
      paths.add(file.path());
      samples += file.samples();
    }
    for (CellsFile file : state.cells()) {
      paths.add(file.file().path());
    }
    for (GroupedFile file : state.grouped()) {
      paths.add(file.path());
    }
    String folder = ChunkInfo.windowFolder(state.start());
    for (IndexFile file : state.index()) {
      paths.add(folder + "/" + file.file());
    }
    return new RetentionPlan.Window(
        window.start(),
        window.end(),
        reason,
        true,
        paths,
        state.nextId(),
        samples,
        DiskKeeper.bytes(state),
        0);
  }
}
