package io.varve.bench.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * One thing that the nemesis does.
 *
 * @param node to which; {@link #LEADER}: to whichever leads then
 * @param holdMillis how long it lasts
 * @param restMillis how long all is left alone afterwards
 * @param hasty true if the next fault does not wait until all nodes are well again
 * @param seed of what else is left to chance
 */
record Fault(
    int number,
    FaultKind kind,
    int node,
    int holdMillis,
    int restMillis,
    boolean hasty,
    long seed) {
  /** Whoever leads when it comes to it. */
  static final int LEADER = -1;

  private static final double AT_LEADER = 0.4;
  private static final int LEAST_HOLD = 300;
  private static final int USUAL_HOLD = 3_000;
  private static final int LONG_HOLD = 9_000;
  private static final double LONG = 0.15;
  private static final double HASTY = 0.2;
  private static final int MOST_REST = 1_500;

  /** The faults of a seed: the same for the same arguments. */
  static List<Fault> plan(long seed, int count, Set<FaultKind> kinds, int nodes) {
    Random random = new Random(seed);
    List<FaultKind> drawn = new ArrayList<>();
    for (FaultKind kind : FaultKind.values()) {
      for (int i = 0; kinds.contains(kind) && i < kind.weight(); i++) {
        drawn.add(kind);
      }
    }
    List<Fault> plan = new ArrayList<>();
    for (int n = 1; n <= count; n++) {
      FaultKind kind = drawn.get(random.nextInt(drawn.size()));
      int node = random.nextDouble() < AT_LEADER ? LEADER : random.nextInt(nodes);
      int most = random.nextDouble() < LONG ? LONG_HOLD : USUAL_HOLD;
      plan.add(
          new Fault(
              n,
              kind,
              node,
              LEAST_HOLD + random.nextInt(most - LEAST_HOLD),
              random.nextInt(MOST_REST),
              random.nextDouble() < HASTY,
              random.nextLong()));
    }
    return plan;
  }
}
