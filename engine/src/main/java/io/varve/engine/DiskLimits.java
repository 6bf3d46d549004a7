package io.varve.engine;

/**
 * How much of the disk a store may take: beyond it the oldest windows go. Not part of the logged
 * policy, since it is about one machine; what goes for it is logged.
 *
 * @param maxBytes files and log together; 0 for no limit
 * @param minFreeBytes that the disk keeps free; 0 for any
 * @param minFreePercent of the disk's size that it keeps free, 0 to 99
 * @param keptMillis windows that ended less than this ago stay, however full the disk is: something
 *     else may fill it
 */
public record DiskLimits(long maxBytes, long minFreeBytes, int minFreePercent, long keptMillis) {
  /** No limits; a day stays if one is set. */
  public static final DiskLimits NONE = new DiskLimits(0, 0, 0, 86_400_000);

  /** Limits for which every window may go that is over. */
  public DiskLimits(long maxBytes, long minFreeBytes, int minFreePercent) {
    this(maxBytes, minFreeBytes, minFreePercent, 0);
  }

  /** Checks the numbers. */
  public DiskLimits {
    if (maxBytes < 0
        || minFreeBytes < 0
        || minFreePercent < 0
        || minFreePercent > 99
        || keptMillis < 0) {
      throw new IllegalArgumentException(
          "limits of " + maxBytes + " and " + minFreeBytes + " bytes, " + minFreePercent + " %");
    }
  }

  /** True if nothing is limited. */
  public boolean isNone() {
    return maxBytes == 0 && minFreeBytes == 0 && minFreePercent == 0;
  }

  /** What a disk of some size keeps free. */
  long minFree(long totalBytes) {
    return Math.max(minFreeBytes, totalBytes / 100 * minFreePercent);
  }
}
