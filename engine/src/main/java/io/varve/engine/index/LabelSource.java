package io.varve.engine.index;

/**
 * Where canonical label bytes of series lie, so that an index or a writer need not keep its own
 * copy of them.
 */
public interface LabelSource {
  /** The tenant of a series. */
  String tenant(int id);

  /** The array that holds its canonical label bytes. */
  byte[] array(int id);

  /** Where they begin in the array. */
  int offset(int id);

  /** How many they are. */
  int length(int id);
}
