package io.varve.engine.log;

import java.io.IOException;

/** A log that can be read again while it grows: what copying it elsewhere needs. Any thread. */
public interface ReadableLog extends ShardLog {
  /**
   * True if its records carry the time at which they were logged, by the clock of whoever did: they
   * are told to {@link RecordConsumer#loggedAt}.
   */
  default boolean tellsTimes() {
    return false;
  }

  /**
   * Hands out records in order, from the first one on, whether or not encodings refer back to
   * earlier ones. {@code consumer} is told of a segment before its first record, and not of the one
   * in whose midst reading begins.
   *
   * @param first where to begin
   * @param last where to end, {@link #durable} at most
   * @param mostBytes reading ends with the record by which so many bytes of payload are reached
   * @return up to where all records were handed out; {@code last} at the end, though that may be no
   *     record's number
   * @throws java.nio.file.NoSuchFileException if {@code first} has been trimmed away
   * @throws IOException if the log cannot be read
   * @throws io.varve.engine.format.CorruptDataException if it is damaged
   */
  long read(long first, long last, long mostBytes, RecordConsumer consumer) throws IOException;
}
