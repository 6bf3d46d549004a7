package io.varve.bench.workload;

/** Numbers that look random and are the same in every run. */
final class Mixing {
  private Mixing() {}

  /** The finalizer of SplitMix64: every bit of the argument changes half of the result's. */
  static long mixed(long x) {
    long m = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    m = (m ^ (m >>> 27)) * 0x94D049BB133111EBL;
    return m ^ (m >>> 31);
  }
}
