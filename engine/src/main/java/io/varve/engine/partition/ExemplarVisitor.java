package io.varve.engine.partition;

/** Takes exemplars out of a chunk file. */
public interface ExemplarVisitor {
  /**
   * One exemplar.
   *
   * @param windowId its series
   * @param time milliseconds since the epoch
   * @param value what was observed
   * @param labels holds its own labels, canonical bytes; valid during the call only
   */
  void exemplar(int windowId, long time, double value, byte[] labels, int offset, int length);
}
