package io.varve.http.backup;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Where it is remembered on which timeline a store's log is being archived. */
interface Timelines {
  /** The one that holds; null if there is none. */
  @Nullable Timeline read() throws IOException;

  void write(Timeline timeline) throws IOException;

  /** Whoever does not archive the log must not leave the impression that it is. */
  void delete() throws IOException;
}
