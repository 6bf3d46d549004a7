package io.varve.bench.cluster;

import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one client did, from the call to its end. Times are nanoseconds of one monotonic clock. All
 * components are read only.
 */
sealed interface Operation {
  /** Who did it; a client does one thing at a time. */
  int client();

  /** The node that was asked. */
  int node();

  long invoked();

  long completed();

  /** The status of the answer, {@link #NO_ANSWER} if there was none. */
  int status();

  /** A status: the connection failed, or nothing came in time. */
  int NO_ANSWER = 0;

  /** True if the node said that it was done. */
  default boolean done() {
    return status() / 100 == 2;
  }

  /**
   * Samples sent. If it is not done, nobody knows whether they are there.
   *
   * @param position what the acknowledgement told, null if nothing
   */
  record Write(
      int client,
      int node,
      long invoked,
      long completed,
      int status,
      List<Run> runs,
      @Nullable Position position)
      implements Operation {}

  /**
   * Samples asked for.
   *
   * @param fence the write whose position it carried, null if none
   * @param complete false if the answer says that something may be missing
   * @param found by series, empty if it is not done
   * @param strange what came that was not asked for, or is no sample of the run; null if nothing
   */
  record Read(
      int client,
      int node,
      ReadLevel level,
      @Nullable Write fence,
      long invoked,
      long completed,
      int status,
      boolean complete,
      List<Found> found,
      @Nullable String strange)
      implements Operation {}

  /**
   * What a read found where it looked.
   *
   * @param run where it looked
   * @param numbers that were there, less {@code run.from()}
   */
  record Found(Run run, BitSet numbers) {
    boolean has(int number) {
      return numbers.get(number - run.from());
    }
  }
}
