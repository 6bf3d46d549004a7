package io.varve.bench.cluster;

import java.util.Locale;

/** What the nemesis does. */
enum FaultKind {
  KILL(14, "kill -9"),
  KILL_TWO(3, "kill -9 of two nodes"),
  KILL_ALL(2, "kill -9 of all nodes"),
  RESTART(3, "stop and start"),
  PAUSE(10, "SIGSTOP, SIGCONT"),
  PAUSE_TWO(2, "SIGSTOP of two nodes, SIGCONT"),
  WIPE(6, "all data of a node deleted"),
  FLIP_SEALED(6, "a bit flipped in a data file"),
  FLIP_LOG(5, "a bit flipped in the log of a node"),
  FULL_DISK(5, "full disk"),
  ISOLATE(10, "a node cut off"),
  ONE_WAY(8, "a node that hears and is not heard, or the other way round"),
  PAIR(6, "two nodes cut off from each other"),
  SHATTER(2, "all nodes cut off from each other"),
  DELAY(6, "slow network"),
  LOSS(7, "lossy network, with connections that break"),
  CLOCK(5, "clock off");

  /** How often it comes, in relation to the others. */
  private final int weight;

  private final String title;

  FaultKind(int weight, String title) {
    this.weight = weight;
    this.title = title;
  }

  int weight() {
    return weight;
  }

  String title() {
    return title;
  }

  /** True if a node has lost data: no other one may lose any before it has caught up. */
  boolean destroys() {
    return this == WIPE || this == FLIP_SEALED || this == FLIP_LOG;
  }

  /** As it is written on a command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
