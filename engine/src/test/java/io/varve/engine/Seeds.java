package io.varve.engine;

import java.lang.StackWalker.StackFrame;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;

/**
 * Seeds of random tests. They are the same in every run, so that a build judges the change and not
 * the day; the search for what no seed has met is a run of its own, {@code -Dvarve.seed=fresh}.
 * Every seed is printed in a line of the same form, and {@code -Dvarve.seed=N} gives it back:
 *
 * <pre>
 * EngineModelTest.againstAModel: seed 8123 (again with -Dvarve.seed=8123)
 * </pre>
 *
 * <p>A class that asks twice for the same seed gets the same, fresh or not: what it writes and what
 * it expects may come from two calls.
 */
public final class Seeds {
  private static final StackWalker STACK = StackWalker.getInstance();

  /** Fresh seeds by class and usual seed. */
  private static final Map<String, Long> FRESH = new ConcurrentHashMap<>();

  private Seeds() {}

  /** This seed, unless the run gives another or asks for a fresh one. */
  public static long usual(long seed) {
    return print(given(seed));
  }

  /**
   * The seeds {@code first} to {@code last}; with one given or fresh as many from that one on,
   * because such tests also count what they have met.
   */
  public static long[] range(long first, long last) {
    long from = given(first);
    long to = from + (last - first);
    System.out.println(
        caller() + ": seeds " + from + " to " + to + " (from N on with -Dvarve.seed=N)");
    return LongStream.rangeClosed(from, to).toArray();
  }

  /** So many rounds of something, or as many times more as {@code -Dvarve.rounds=N} says. */
  public static int rounds(int usual) {
    return usual * Integer.getInteger("varve.rounds", 1);
  }

  private static long given(long usual) {
    String given = System.getProperty("varve.seed");
    if (given == null) {
      return usual;
    }
    // A fresh one is short enough to be typed, and far enough from the next test's for seed + i.
    return given.equals("fresh")
        ? FRESH.computeIfAbsent(
            frame().getClassName() + " " + usual,
            key -> ThreadLocalRandom.current().nextLong(1L << 40))
        : Long.parseLong(given);
  }

  private static long print(long seed) {
    System.out.println(caller() + ": seed " + seed + " (again with -Dvarve.seed=" + seed + ")");
    return seed;
  }

  /** Class and method that asked; of a field, the class alone. */
  private static String caller() {
    StackFrame frame = frame();
    String type = frame.getClassName();
    String name = type.substring(type.lastIndexOf('.') + 1);
    return frame.getMethodName().startsWith("<") ? name : name + "." + frame.getMethodName();
  }

  private static StackFrame frame() {
    return STACK.walk(
        frames ->
            frames
                .filter(f -> !f.getClassName().equals(Seeds.class.getName()))
                .findFirst()
                .orElseThrow());
  }
}
