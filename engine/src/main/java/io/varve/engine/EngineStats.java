package io.varve.engine;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an engine is and does, at one moment; counters count since it was opened.
 *
 * @param activeSeries series in the head
 * @param headBytes memory of open data, in bytes
 * @param headSamples samples in order in the open head
 * @param headMinTime smallest time in the open head, milliseconds, {@code Long.MAX_VALUE} if empty
 * @param headMaxTime largest time in the open head, {@code Long.MIN_VALUE} if empty
 * @param lateSamples late samples in the open head
 * @param lateBytes their memory
 * @param frozenBytes memory of samples on their way into files
 * @param windows windows with files
 * @param chunkFiles chunk files
 * @param chunkBytes their size
 * @param chunkSamples samples in them
 * @param indexBytes size of index files
 * @param logBytes size of the log
 * @param logPosition newest log position
 * @param waitingJobs decisions that have not reached the files
 * @param samples float samples stored
 * @param histograms histogram samples stored
 * @param exemplars exemplars stored
 * @param rejected samples refused
 * @param duplicates equal duplicates
 * @param seriesCreated series created
 * @param flushes flushes done
 * @param merges merges done
 * @param checkpoints checkpoints written besides flushes
 * @param windowsDropped windows dropped by retention
 * @param dropped what went for each reason
 * @param classBytes size of chunk files by retention class, "" for the default
 * @param disk how the limits of the disk stand
 * @param deletes deletes carried out
 * @param amendments how deletes stand, and what they and corrections changed
 * @param jobFailures failed attempts of background work
 * @param bytesWritten bytes written to the log and to chunk, index and checkpoint files
 * @param blocksDecoded blocks decoded for queries and merges
 * @param blocksAggregated blocks answered from stored aggregates
 * @param selectionsKnown selections of series that were remembered
 * @param selectionsSearched those that had to be looked up in indexes
 * @param selectionCacheBytes memory of those that are remembered, about
 * @param damage what cannot be read
 * @param stopped why writes are stopped, null if they are not
 * @param recovery what the last start replayed, in words
 */
public record EngineStats(
    long activeSeries,
    long headBytes,
    long headSamples,
    long headMinTime,
    long headMaxTime,
    long lateSamples,
    long lateBytes,
    long frozenBytes,
    long windows,
    long chunkFiles,
    long chunkBytes,
    long chunkSamples,
    long indexBytes,
    long logBytes,
    long logPosition,
    long waitingJobs,
    long samples,
    long histograms,
    long exemplars,
    long rejected,
    long duplicates,
    long seriesCreated,
    long flushes,
    long merges,
    long checkpoints,
    long windowsDropped,
    Map<DropReason, Dropped> dropped,
    Map<String, Long> classBytes,
    Disk disk,
    long deletes,
    Amendments amendments,
    long jobFailures,
    long bytesWritten,
    long blocksDecoded,
    long blocksAggregated,
    long selectionsKnown,
    long selectionsSearched,
    long selectionCacheBytes,
    List<String> damage,
    @Nullable String stopped,
    String recovery) {
  /**
   * How the limits of the disk stood when they were last looked at.
   *
   * @param storedBytes files and log; 0 if there are no limits
   * @param maxBytes that they may take; 0 for no limit
   * @param freeBytes of the disk
   * @param minFreeBytes that are to be free; 0 for any
   * @param problem why a limit does not hold although all that may go is gone; "" if they hold
   */
  public record Disk(
      long storedBytes, long maxBytes, long freeBytes, long minFreeBytes, String problem) {}

  /**
   * How deletes stand, and what was changed of what was stored.
   *
   * @param hiding deletes that hide samples on the disk
   * @param purgeDue those of them that cannot be undone any more: their samples leave the disk with
   *     the next merges
   * @param oldestMillis when the oldest of those that hide samples was decided; 0 if there is none
   * @param hiddenSamples that they hide
   * @param hiddenBytes that these take in chunk files, about
   * @param receipts that are kept of deletes that are purged
   * @param lastReceiptMillis when the last purge was decided of which there is a receipt; 0 for
   *     none
   * @param undeletes deletes taken back
   * @param purgedSamples deleted samples that merges took off the disk
   * @param purgedBytes that these took in chunk files, about
   * @param purgedFiles files that merges took away for it, with what others had in them
   * @param corrections batches of samples that took the place of others
   * @param correctedSamples samples in them
   */
  public record Amendments(
      long hiding,
      long purgeDue,
      long oldestMillis,
      long hiddenSamples,
      long hiddenBytes,
      long receipts,
      long lastReceiptMillis,
      long undeletes,
      long purgedSamples,
      long purgedBytes,
      long purgedFiles,
      long corrections,
      long correctedSamples) {}

  /** What went for one reason. */
  public Dropped dropped(DropReason reason) {
    return dropped.getOrDefault(reason, new Dropped(0, 0));
  }

  /**
   * What went for a reason.
   *
   * @param windows that went as a whole
   * @param bytes of files, those of windows that stay included
   */
  public record Dropped(long windows, long bytes) {}
}
