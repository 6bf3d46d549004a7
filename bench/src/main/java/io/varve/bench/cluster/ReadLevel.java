package io.varve.bench.cluster;

import java.util.Locale;

/** What a reader asked for, and so what an answer must have. */
enum ReadLevel {
  /** What was acknowledged longer ago than the bound of the lag, or the answer says otherwise. */
  BOUNDED,

  /** What was acknowledged to a client up to the write whose position the read carries. */
  FENCED,

  /** What was acknowledged to anybody before the read began. */
  STRONG,

  /** Of one node by itself, after all is healed: whatever was acknowledged. */
  FINAL;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
