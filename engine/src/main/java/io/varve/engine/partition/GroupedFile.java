package io.varve.engine.partition;

import java.util.HexFormat;
import java.util.Objects;

/**
 * A finished file of grouped aggregates: what one rule yields at the steps of one window. It is a
 * function of all that the window held in some state, and counts only as long as the window is in
 * that state. Of what has no groups there is an entry without a file.
 *
 * @param window exclusive start of the window
 * @param path of the file in the data folder
 * @param bytes its size; 0 if there are no groups, and no file
 * @param sha256 of its bytes, in hex
 * @param stepMillis distance of the steps
 * @param rule what was derived, as its maker calls it
 * @param state of the window from which it was derived, as its maker calls it
 * @param groups how many
 * @param samplesGone true if samples that went into it have left the window since, because of their
 *     age alone
 */
public record GroupedFile(
    long window,
    String path,
    long bytes,
    String sha256,
    long stepMillis,
    String rule,
    String state,
    int groups,
    boolean samplesGone) {
  /** Null is nowhere. */
  public GroupedFile {
    Objects.requireNonNull(path);
    Objects.requireNonNull(sha256);
    Objects.requireNonNull(rule);
    Objects.requireNonNull(state);
    if (bytes < 0 || stepMillis <= 0 || groups < 0) {
      throw new IllegalArgumentException(path + ": " + bytes + " bytes, " + groups + " groups");
    }
  }

  /** The path of the file of a rule in a window's state: two files of a window never share it. */
  public static String path(long window, String rule, long stepMillis, String state) {
    return ChunkInfo.windowFolder(window) + "/g-" + stepMillis + "-" + rule + "-" + state + ".grp";
  }

  /** A short name of anything, for the use as a rule or a state. */
  public static String digest(byte[] sha256) {
    return HexFormat.of().formatHex(sha256, 0, 8);
  }

  /** True if there is a file at the path. */
  public boolean isFile() {
    return bytes > 0;
  }

  /** The same file for another state of its window, in which it holds as well. */
  public GroupedFile in(String other, boolean gone) {
    return new GroupedFile(
        window, path, bytes, sha256, stepMillis, rule, other, groups, samplesGone || gone);
  }
}
