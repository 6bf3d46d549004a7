package io.varve.ingest.ship;

import java.util.List;

/**
 * What a look at a shard's files found.
 *
 * @param files that were read
 * @param bytes that were read
 * @param damaged files that are damaged or missing, put right since or not
 * @param repaired of those, how many were put right
 * @param compared other replicas that were compared with
 * @param differences in files that all should have alike
 * @param problems in words: the damage that is left, differences, replicas that could not be asked
 */
public record ScrubReport(
    long files,
    long bytes,
    long damaged,
    long repaired,
    int compared,
    long differences,
    List<String> problems) {
  /** Keeps its own copy. */
  public ScrubReport {
    problems = List.copyOf(problems);
  }

  /** True if nothing is left to be done. */
  public boolean isWhole() {
    return problems.isEmpty();
  }
}
