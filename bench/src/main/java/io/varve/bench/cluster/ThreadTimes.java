package io.varve.bench.cluster;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** CPU time of a process by what its threads are called, read from {@code /proc}. */
final class ThreadTimes {
  private static final double TICK_SECONDS = 0.01; // USER_HZ is 100 on every Linux
  private static final int USER = 11;
  private static final int SYSTEM = 12;

  private ThreadTimes() {}

  /** Seconds so far, by name; threads whose names differ in numbers only are one. */
  static Map<String, Double> of(long pid) throws IOException {
    Map<String, Double> times = new TreeMap<>();
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads) {
        try {
          String stat = Files.readString(thread.resolve("stat"));
          int end = stat.lastIndexOf(')');
          String[] fields = stat.substring(end + 2).split(" ", -1);
          long ticks = Long.parseLong(fields[USER]) + Long.parseLong(fields[SYSTEM]);
          times.merge(
              plain(stat.substring(stat.indexOf('(') + 1, end)), ticks * TICK_SECONDS, Double::sum);
        } catch (NoSuchFileException e) {
          // the thread has ended
        }
      }
    }
    return times;
  }

  /**
   * A name without its numbers and the node's id; the system keeps 15 characters of a name, which
   * may cut one.
   */
  static String plain(String name) {
    String plain =
        name.replaceFirst("^[abc][@-]", "").replaceAll("[0-9]+", "").replaceAll("[-#. ]+$", "");
    return plain.isEmpty() ? name : plain;
  }

  /** What was used between two readings. */
  static Map<String, Double> between(Map<String, Double> before, Map<String, Double> after) {
    Map<String, Double> used = new TreeMap<>();
    after.forEach((name, seconds) -> used.put(name, seconds - before.getOrDefault(name, 0.0)));
    return used;
  }
}
