package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.WindowState;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Compares the chunk files that replicas make of the same decision. The leader logs what it has
 * made (SEALED); whoever comes to both, its own files and the leader's word for them, compares. Any
 * thread.
 *
 * <p>What is remembered is bounded: a replica that is far behind the leader's word, or ahead of it,
 * compares less, and leaves the rest to a scrub.
 */
final class Seals {
  private static final int MOST_WAITING = 256;
  private static final int MOST_FILES = 1 << 20;
  private static final int SHA256_BYTES = 32;

  /** By position of the decision: what this replica has made. */
  private final Map<Long, SortedMap<String, String>> made = new LinkedHashMap<>();

  /** By position of the decision: what the leader has made. */
  private final Map<Long, SortedMap<String, String>> told = new LinkedHashMap<>();

  private final Map<String, String> differing = new TreeMap<>();
  private long compared;

  /** The chunk files that are named after a job and were not before it: SHA-256 by path. */
  static SortedMap<String, String> between(ManifestState before, ManifestState after) {
    SortedMap<String, String> files = new TreeMap<>();
    for (WindowState window : after.windows().values()) {
      WindowState earlier = before.window(window.start());
      if (window.equals(earlier)) {
        continue;
      }
      for (ChunkFile chunk : window.chunks()) {
        if (earlier == null || !earlier.chunks().contains(chunk)) {
          files.put(chunk.path(), chunk.sha256());
        }
      }
    }
    return files;
  }

  /** The payload of SEALED. */
  static void encode(long position, SortedMap<String, String> files, ByteWriter out) {
    out.varint(position);
    out.varint(files.size());
    files.forEach(
        (path, sha256) -> {
          out.string(path);
          out.bytes(HexFormat.of().parseHex(sha256));
        });
  }

  /** The leader's word has come. */
  void told(ByteReader in, ManifestState state) {
    long position = in.varint();
    int n = in.count(MOST_FILES);
    SortedMap<String, String> files = new TreeMap<>();
    for (int i = 0; i < n; i++) {
      String path = in.string();
      files.put(path, HexFormat.of().formatHex(in.bytes(SHA256_BYTES)));
    }
    told(position, files, state);
  }

  private synchronized void told(
      long position, SortedMap<String, String> files, ManifestState state) {
    SortedMap<String, String> own = made.remove(position);
    if (own != null) {
      compare(own, files);
    } else if (position <= state.flushedSequence()) {
      compareNamed(files, state); // made in an earlier life
    } else {
      told.put(position, files);
      bound(told);
    }
  }

  /** This replica has carried out a decision. */
  synchronized void made(long position, SortedMap<String, String> files) {
    SortedMap<String, String> leaders = told.remove(position);
    if (leaders != null) {
      compare(files, leaders);
    } else if (!files.isEmpty()) {
      made.put(position, files);
      bound(made);
    }
  }

  private static void bound(Map<Long, SortedMap<String, String>> waiting) {
    if (waiting.size() > MOST_WAITING) {
      waiting.remove(waiting.keySet().iterator().next());
    }
  }

  private void compare(SortedMap<String, String> own, SortedMap<String, String> leaders) {
    leaders.forEach(
        (path, sha256) -> {
          compared++;
          if (!sha256.equals(own.get(path))) {
            differing.put(path, sha256);
          }
        });
    for (String path : own.keySet()) {
      if (!leaders.containsKey(path)) {
        differing.put(path, "");
      }
    }
  }

  private void compareNamed(SortedMap<String, String> leaders, ManifestState state) {
    for (WindowState window : state.windows().values()) {
      for (ChunkFile chunk : window.chunks()) {
        String sha256 = leaders.get(chunk.path());
        if (sha256 != null) {
          compared++;
          if (!sha256.equals(chunk.sha256())) {
            differing.put(chunk.path(), sha256);
          }
        }
      }
    }
  }

  /** How many files were compared. */
  synchronized long compared() {
    return compared;
  }

  /**
   * Files of which the leader has others: its SHA-256 by path, "" if it has none of that path.
   * Files that a merge has replaced since are in it until somebody says {@link #settled}.
   */
  synchronized Map<String, String> differing() {
    return new TreeMap<>(differing);
  }

  /** A file was put right, or is there no more. */
  synchronized void settled(String path) {
    differing.remove(path);
  }
}
