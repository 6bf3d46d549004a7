package io.varve.engine.partition;

import io.varve.engine.format.CorruptDataException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;

/**
 * The identity of a chunk file and its place in the data folder; it stands in the file's header and
 * in the manifest, and the two must agree. Two live files of one window never have the same {@link
 * #fileName}: whoever replaces a file by a newer one of the same level takes a higher {@code
 * logTo}.
 *
 * @param windowStart exclusive start of the window, milliseconds since the epoch
 * @param windowMillis width of the window
 * @param bucket which bucket, 0 to {@code buckets − 1}
 * @param buckets how many buckets the window has: a power of two, 1 to 1,024
 * @param level 0 for a flush, 1 for a merge
 * @param late true if the file holds late samples, whose blocks may overlap those of other files
 * @param retentionClass class that all series of the file belong to, "" for the default
 * @param logFrom first log sequence number whose samples may be in the file
 * @param logTo last log sequence number whose samples may be in the file
 * @param cellMillis 0 for a file of samples; else the width of the cells whose aggregates it holds
 * @param correction true if the file's samples, which are late ones, take the place of those at the
 *     same times that were logged before, whatever the duplicate policy
 */
public record ChunkInfo(
    long windowStart,
    long windowMillis,
    int bucket,
    int buckets,
    int level,
    boolean late,
    String retentionClass,
    long logFrom,
    long logTo,
    long cellMillis,
    boolean correction) {
  /** Most buckets of a window: one for each virtual shard. */
  public static final int MOST_BUCKETS = 1024;

  /** Widest cell: 32 bits of milliseconds, about 49 days. */
  public static final long MOST_CELL_MILLIS = 0xFFFF_FFFFL;

  /** Longest name of a retention class, in UTF-8 bytes. */
  public static final int MOST_CLASS_BYTES = 200;

  private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("uuuuMMdd", Locale.ROOT);
  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss", Locale.ROOT);
  private static final DateTimeFormatter MILLI =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmssSSS", Locale.ROOT);

  /** Checks every field. */
  public ChunkInfo {
    Objects.requireNonNull(retentionClass);
    String problem = problem(windowMillis, bucket, buckets, level, retentionClass, logFrom, logTo);
    if (problem.isEmpty()) {
      problem = cellProblem(windowMillis, cellMillis);
    }
    if (problem.isEmpty() && correction && !late) {
      problem = "corrections that are not late";
    }
    if (!problem.isEmpty()) {
      throw new IllegalArgumentException(problem);
    }
  }

  /** A file without corrections. */
  public ChunkInfo(
      long windowStart,
      long windowMillis,
      int bucket,
      int buckets,
      int level,
      boolean late,
      String retentionClass,
      long logFrom,
      long logTo,
      long cellMillis) {
    this(
        windowStart,
        windowMillis,
        bucket,
        buckets,
        level,
        late,
        retentionClass,
        logFrom,
        logTo,
        cellMillis,
        false);
  }

  /** A file of corrections in place of one of late samples. */
  public ChunkInfo asCorrection() {
    return new ChunkInfo(
        windowStart,
        windowMillis,
        bucket,
        buckets,
        level,
        true,
        retentionClass,
        logFrom,
        logTo,
        cellMillis,
        true);
  }

  /** A file of samples. */
  public ChunkInfo(
      long windowStart,
      long windowMillis,
      int bucket,
      int buckets,
      int level,
      boolean late,
      String retentionClass,
      long logFrom,
      long logTo) {
    this(
        windowStart, windowMillis, bucket, buckets, level, late, retentionClass, logFrom, logTo, 0);
  }

  private static String cellProblem(long windowMillis, long cellMillis) {
    boolean fits =
        cellMillis == 0
            || (cellMillis > 0 && cellMillis <= MOST_CELL_MILLIS && windowMillis % cellMillis == 0);
    return fits ? "" : "cells of " + cellMillis + " ms in a window of " + windowMillis + " ms";
  }

  /** The file of the cells of this width over this file's samples. */
  public ChunkInfo ofCells(long millis) {
    return new ChunkInfo(
        windowStart,
        windowMillis,
        bucket,
        buckets,
        level,
        late,
        retentionClass,
        logFrom,
        logTo,
        millis);
  }

  private static String problem(
      long windowMillis,
      int bucket,
      int buckets,
      int level,
      String retentionClass,
      long logFrom,
      long logTo) {
    if (windowMillis <= 0) {
      return "window of " + windowMillis + " ms";
    }
    if (Integer.bitCount(buckets) != 1 || buckets < 1 || buckets > MOST_BUCKETS) {
      return buckets + " buckets";
    }
    if (bucket < 0 || bucket >= buckets) {
      return "bucket " + bucket + " of " + buckets;
    }
    if (level != 0 && level != 1) {
      return "level " + level;
    }
    if (retentionClass.getBytes(StandardCharsets.UTF_8).length > MOST_CLASS_BYTES) {
      return "retention class is longer than " + MOST_CLASS_BYTES + " bytes";
    }
    if (logFrom < 0 || logTo < logFrom) {
      return "log range " + logFrom + " to " + logTo;
    }
    return "";
  }

  /** The info of these fields as read from a file, which may say anything. */
  static ChunkInfo decoded(
      String source,
      long offset,
      long windowStart,
      long windowMillis,
      int bucket,
      int buckets,
      int level,
      boolean late,
      String retentionClass,
      long logFrom,
      long logTo,
      long cellMillis,
      boolean correction) {
    String problem = problem(windowMillis, bucket, buckets, level, retentionClass, logFrom, logTo);
    if (problem.isEmpty()) {
      problem = cellProblem(windowMillis, cellMillis);
    }
    if (!problem.isEmpty()) {
      throw new CorruptDataException(source, offset, problem);
    }
    return new ChunkInfo(
        windowStart,
        windowMillis,
        bucket,
        buckets,
        level,
        late,
        retentionClass,
        logFrom,
        logTo,
        cellMillis,
        correction);
  }

  /** Inclusive end of the window, milliseconds since the epoch. */
  public long windowEnd() {
    return windowStart + windowMillis;
  }

  /**
   * The path of the file in its window's folder, a function of the fields: {@code
   * b=<bucket>/c-<logTo>-L<level>[-late|-corr][-<class>].tch}; with {@code a-<cellMillis>-} in
   * place of {@code c-} for cells.
   */
  public String fileName() {
    HexFormat hex = HexFormat.of();
    return "b="
        + (bucket < 256 ? hex.toHexDigits((byte) bucket) : hex.toHexDigits(bucket, 3))
        + (cellMillis == 0 ? "/c-" : "/a-" + cellMillis + "-")
        + hex.toHexDigits(logTo)
        + "-L"
        + level
        + (correction ? "-corr" : late ? "-late" : "")
        + (retentionClass.isEmpty() ? "" : "-" + className(retentionClass))
        + ".tch";
  }

  /** The class as a part of a file name: letters and digits stay, anything else is %XX. */
  private static String className(String retentionClass) {
    StringBuilder name = new StringBuilder();
    for (byte b : retentionClass.getBytes(StandardCharsets.UTF_8)) {
      boolean plain =
          (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '_';
      if (plain) {
        name.append((char) b);
      } else {
        name.append('%').append(HexFormat.of().toHexDigits(b));
      }
    }
    // A class of this name must not look like a late file, or one of corrections.
    return switch (retentionClass) {
      case "late" -> "%6cate";
      case "corr" -> "%63orr";
      default -> name.toString();
    };
  }

  /** The folder of a window in the data folder: {@code w=yyyymmdd[Thhmmss[mmm]]}, in UTC. */
  public static String windowFolder(long windowStart) {
    LocalDateTime start =
        LocalDateTime.ofInstant(Instant.ofEpochMilli(windowStart), ZoneOffset.UTC);
    boolean midnight = Math.floorMod(windowStart, 86_400_000L) == 0;
    boolean whole = Math.floorMod(windowStart, 1000L) == 0;
    return "w=" + (midnight ? DAY : whole ? SECOND : MILLI).format(start);
  }
}
