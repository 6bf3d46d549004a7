package io.varve.engine;

import java.io.IOException;

/** Is told how much of a file was read; may wait, so that others get their turn at the disk. */
public interface ReadPace {
  /** So many bytes more. */
  void read(int bytes) throws IOException;
}
