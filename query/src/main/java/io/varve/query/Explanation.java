package io.varve.query;

import java.util.List;

/**
 * What one node of a plan did for a query.
 *
 * @param text what it computes
 * @param series series that it yields; some may turn out to have no value
 * @param selected series that it found in the store itself
 * @param windows windows of files in which it found them
 * @param blocksDecoded blocks that it decoded
 * @param blocksStored blocks that it answered from stored aggregates without decoding
 * @param cells cells of continuous aggregates that it read
 * @param cellMillis the width in which it asked for cells; 0 if it used none
 * @param bytes of the decoded blocks in their files
 * @param samples that it decoded, those in memory included
 * @param nanos time, its children's included: of the asking thread while it was prepared, and of
 *     all workers, summed up, while they computed it
 * @param remarks what else there is to say about it
 * @param children what it computes from
 */
public record Explanation(
    String text,
    long series,
    long selected,
    long windows,
    long blocksDecoded,
    long blocksStored,
    long cells,
    long cellMillis,
    long bytes,
    long samples,
    long nanos,
    List<String> remarks,
    List<Explanation> children) {
  /** Keeps the lists. */
  public Explanation {
    remarks = List.copyOf(remarks);
    children = List.copyOf(children);
  }
}
