package io.varve.engine;

import java.util.List;

/**
 * What became of a batch.
 *
 * @param samples float samples that are stored, duplicates that changed nothing included
 * @param histograms histogram samples that are stored
 * @param exemplars exemplars that are stored
 * @param rejected samples that were refused; under {@link WriteMode#ALL_OR_NOTHING} a batch with a
 *     refused sample stores nothing
 * @param problems the first of the reasons, in words, at most 20
 * @param position log position of the batch: whoever has read up to it has read the batch
 */
public record WriteResult(
    int samples,
    int histograms,
    int exemplars,
    int rejected,
    List<String> problems,
    long position) {
  /** True if all of the batch is stored. */
  public boolean complete() {
    return rejected == 0;
  }
}
