package io.varve.http.replay;

import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import java.io.IOException;
import java.util.Map;

/** Where replayed series are written to. One thread. */
public interface Target {
  /**
   * Writes samples of series, in order of time.
   *
   * @return how many were refused
   * @throws IOException if they cannot be written
   */
  long write(Map<Labels, SampleColumns> series) throws IOException;
}
