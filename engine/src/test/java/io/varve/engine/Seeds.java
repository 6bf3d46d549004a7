package io.varve.engine;

import java.lang.StackWalker.StackFrame;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;

/**
 * Seeds of random tests. Every one that is given out is printed in a line of the same form, and
 * {@code -Dvarve.seed=N} gives it back:
 *
 * <pre>
 * EngineModelTest.againstAModel: seed 8123 (again with -Dvarve.seed=8123)
 * </pre>
 */
public final class Seeds {
  private static final StackWalker STACK = StackWalker.getInstance();

  private Seeds() {}

  /** Another seed in every run. */
  public static long fresh() {
    Long given = Long.getLong("varve.seed");
    // Short enough to be typed, and far enough from the next test's for seed + i.
    return print(given != null ? given : ThreadLocalRandom.current().nextLong(1L << 40));
  }

  /** The same seed in every run, because most days shall test the same. */
  public static long usual(long seed) {
    Long given = Long.getLong("varve.seed");
    return print(given != null ? given : seed);
  }

  /**
   * The same seeds in every run, {@code first} to {@code last}; with one given as many from that
   * one on, because such tests also count what they have met.
   */
  public static long[] range(long first, long last) {
    long from = Long.getLong("varve.seed", first);
    long to = from + (last - first);
    System.out.println(
        caller() + ": seeds " + from + " to " + to + " (from N on with -Dvarve.seed=N)");
    return LongStream.rangeClosed(from, to).toArray();
  }

  private static long print(long seed) {
    System.out.println(caller() + ": seed " + seed + " (again with -Dvarve.seed=" + seed + ")");
    return seed;
  }

  /** Class and method that asked; of a field, the class alone. */
  private static String caller() {
    StackFrame frame =
        STACK.walk(
            frames ->
                frames
                    .filter(f -> !f.getClassName().equals(Seeds.class.getName()))
                    .findFirst()
                    .orElseThrow());
    String type = frame.getClassName();
    String name = type.substring(type.lastIndexOf('.') + 1);
    return frame.getMethodName().startsWith("<") ? name : name + "." + frame.getMethodName();
  }
}
