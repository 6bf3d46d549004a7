package io.varve.engine.log;

import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import java.util.List;

/**
 * What the engine asks of its log: an ordered sequence of opaque records, each with a sequence
 * number that is one higher than that of the record before it. The local WAL implements it; in a
 * cluster the replicated log takes its place (never both). What the records mean is the engine's
 * affair.
 *
 * <p>The log is cut into <b>segments</b>. Record encodings may refer to earlier records of the same
 * segment, never to another segment. {@link #append} starts a new segment by itself only when asked
 * to by {@link #roll}.
 *
 * <p>One thread appends and rolls at a time; {@link #sync}, {@link #durable} and {@link #trim} may
 * be called from any thread at any time.
 */
public interface ShardLog extends AutoCloseable {
  /**
   * Appends a record: its bytes have been handed to the operating system (not yet to the disk) when
   * this returns.
   *
   * @param type the kind of record, 1 to 255, the engine's affair
   * @return its sequence number
   * @throws IOException if it could not be written whole; the log then refuses appends until {@link
   *     #tryRepair} succeeds, and nothing of the record will be replayed
   */
  long append(int type, byte[] payload, int offset, int length) throws IOException;

  /** Returns when all records up to {@code sequence} are on stable storage; group commit. */
  void sync(long sequence) throws IOException;

  /** The highest sequence number that is known to be on stable storage. */
  long durable();

  /** The sequence number of the last record appended, 0 before the first. */
  long last();

  /** Bytes in the open segment. */
  long segmentBytes();

  /** Bytes in all segments. */
  long totalBytes();

  /**
   * Ends the open segment (synced) and begins the next, unless the open one has no record yet. If
   * the next one cannot be begun, the next append tells.
   */
  void roll() throws IOException;

  /**
   * After a failed append: cuts the torn record off and tries whether the log can be written again.
   * Never after a failed sync: that is final until the process starts anew.
   *
   * @return true if appends are accepted again
   */
  boolean tryRepair();

  /**
   * Deletes whole segments whose records all lie before {@code sequence}; after a {@link #roll}
   * with nothing appended since that may be all records. The log's position outlasts them.
   */
  void trim(long sequence) throws IOException;

  /**
   * Reads all records from {@code fromSequence} on in order; called once, before the first append.
   * Segments that lie wholly before it are not read; in the segment that contains it reading starts
   * at the segment's first record (encodings refer back), so {@code consumer} sees earlier records
   * too and tells them by their sequence numbers.
   *
   * @return what was damaged and could not be replayed, in words, empty if nothing; a torn end
   *     after the last durable record is cut off and is no damage
   */
  List<Damage> replay(long fromSequence, RecordConsumer consumer) throws IOException;

  /** Ends the log; everything appended is synced first. */
  @Override
  void close() throws IOException;

  /** Takes records in order. */
  interface RecordConsumer {
    /** A new segment begins: encodings start anew. */
    void segment(long firstSequence) throws IOException;

    /**
     * When the next record was logged, told before it by a log that knows: see {@link ReadableLog}.
     */
    default void loggedAt(long millis) {}

    /** One record; the bytes are valid during the call only. */
    void record(long sequence, int type, byte[] payload, int offset, int length)
        throws IOException, CorruptDataException;
  }

  /**
   * A stretch of the log that cannot be read.
   *
   * @param file the segment's path relative to the data folder
   * @param offset byte at which it goes wrong
   * @param firstSequence first record that is lost
   * @param problem what is wrong
   */
  record Damage(String file, long offset, long firstSequence, String problem) {}
}
