package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.partition.WindowState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps {@link DiskLimits}: says which windows have to go, oldest first. Somewhat more goes than
 * must, so that the next flush does not bring the next drop; and windows that are not over stay,
 * whatever the limits say. Looked at now and then, by one thread; limits and status by any.
 */
final class DiskKeeper {
  /** Sizes are looked at so often. */
  private static final long LOOK_MILLIS = 10_000;

  /** What was dropped may be open still: so long nothing more goes for the sake of free space. */
  private static final long PATIENCE_MILLIS = 60_000;

  /** This part of a limit goes besides what is beyond it. */
  private static final int SPARE = 20;

  private final FileSystem fs;
  private final Path dataDir;
  private final LongSupplier otherBytes;
  private volatile DiskLimits limits;
  private volatile EngineStats.Disk status = new EngineStats.Disk(0, 0, 0, 0, "");
  private long lookedAtMillis = Long.MIN_VALUE / 2;
  private long droppedForSpaceAtMillis = Long.MIN_VALUE / 2;

  /**
   * What goes.
   *
   * @param windowStart this window and all before it
   */
  record Drop(long windowStart, DropReason reason) {}

  /**
   * Looks at the disk that holds a folder.
   *
   * @param otherBytes what takes space besides the files of windows
   */
  DiskKeeper(FileSystem fs, Path dataDir, LongSupplier otherBytes, DiskLimits limits) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.otherBytes = otherBytes;
    this.limits = limits;
  }

  DiskLimits limits() {
    return limits;
  }

  /** Other limits, which are looked at soon. */
  void limits(DiskLimits next) {
    limits = next;
  }

  EngineStats.Disk status() {
    return status;
  }

  /** What has to go now; null if nothing, or if it is not yet time to look again. */
  @Nullable Drop due(View view, long now, long closedBefore) throws IOException {
    DiskLimits limit = limits;
    if (limit.isNone()) {
      status = new EngineStats.Disk(0, 0, 0, 0, "");
      return null;
    }
    if (now - lookedAtMillis < LOOK_MILLIS && now >= lookedAtMillis) {
      return null;
    }
    lookedAtMillis = now;
    long stored = otherBytes.getAsLong();
    for (WindowView window : view.windows().values()) {
      stored += bytes(window.state());
    }
    boolean bySpace = limit.minFreeBytes() > 0 || limit.minFreePercent() > 0;
    long free = bySpace ? fs.usableBytes(dataDir) : 0;
    long minFree = bySpace ? limit.minFree(fs.totalBytes(dataDir)) : 0;
    Choice choice = choose(view, stored, free, minFree, limit, closedBefore, now);
    status = new EngineStats.Disk(stored, limit.maxBytes(), free, minFree, choice.problem());
    Drop drop = choice.drop();
    if (drop != null && drop.reason() == DropReason.FREE_DISK) {
      droppedForSpaceAtMillis = now;
    }
    return drop;
  }

  private record Choice(@Nullable Drop drop, String problem) {
    static final Choice NOTHING = new Choice(null, "");
  }

  private Choice choose(
      View view,
      long stored,
      long free,
      long minFree,
      DiskLimits limit,
      long closedBefore,
      long now) {
    if (limit.maxBytes() > 0 && stored > limit.maxBytes()) {
      long excess = stored - limit.maxBytes();
      Long start = oldest(view, excess + limit.maxBytes() / SPARE, closedBefore);
      return start == null
          ? new Choice(null, "open data and the log take more than max_bytes allows")
          : new Choice(new Drop(start, DropReason.SIZE), "");
    }
    if (free >= minFree || now - droppedForSpaceAtMillis < PATIENCE_MILLIS) {
      return Choice.NOTHING;
    }
    long mayGo = Math.min(closedBefore, now - limit.keptMillis());
    Long start = oldest(view, minFree - free + minFree / SPARE, mayGo);
    if (start != null) {
      return new Choice(new Drop(start, DropReason.FREE_DISK), "");
    }
    boolean kept = oldest(view, 1, closedBefore) != null;
    return new Choice(
        null,
        "the disk is full of other things: "
            + (kept
                ? "every window that is left ended so lately that it stays (min_free_disk_keeps)"
                : "nothing is left that may go"));
  }

  /** The last of the oldest windows that take so much together; null if none may go. */
  private static @Nullable Long oldest(View view, long bytes, long closedBefore) {
    Long last = null;
    long sum = 0;
    for (WindowView window : view.windows().values()) {
      if (window.end() > closedBefore || sum >= bytes) {
        break;
      }
      sum += bytes(window.state());
      last = window.start();
    }
    return last;
  }

  /** Size of a window's files. */
  static long bytes(WindowState window) {
    long bytes = 0;
    for (int i = 0; i < window.chunks().size(); i++) {
      bytes += window.chunks().get(i).bytes();
    }
    for (int i = 0; i < window.index().size(); i++) {
      bytes += window.index().get(i).bytes();
    }
    for (int i = 0; i < window.cells().size(); i++) {
      bytes += window.cells().get(i).file().bytes();
    }
    for (int i = 0; i < window.grouped().size(); i++) {
      bytes += window.grouped().get(i).bytes();
    }
    return bytes;
  }
}
