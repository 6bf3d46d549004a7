package io.varve.ingest.cluster.raft;

import java.io.IOException;
import java.util.Arrays;

/**
 * Puts the records of a log together from its entries: a large one comes in several. One thread.
 */
final class Assembly {
  private static final byte[] NOTHING = new byte[0];

  private byte[] bytes = NOTHING;
  private int offset;
  private int length;
  private LogEntry last = new LogEntry(false, false, false, 0, 0);
  private byte[] parts = NOTHING;
  private int partsLength;
  private boolean partsBegin;

  /** What was begun is not gone on with. */
  void drop() {
    partsLength = 0;
  }

  /**
   * Takes an entry's bytes.
   *
   * @return true if a record is whole, which the methods below tell of until the next call
   * @throws IOException if the entries do not fit together
   */
  boolean add(long index, byte[] entry) throws IOException {
    last = LogEntry.decode(entry, index);
    bytes = entry;
    offset = LogEntry.HEADER;
    length = entry.length - LogEntry.HEADER;
    if (!last.continues()) {
      partsLength = 0;
      partsBegin = last.begins();
    } else if (partsLength == 0) {
      throw LogEntry.corrupt(index, "goes on with a record that did not begin");
    }
    if (!last.goesOn() && !last.continues()) {
      return true;
    }
    if (parts.length < partsLength + length) {
      parts = Arrays.copyOf(parts, Math.max(partsLength + length, 2 * parts.length));
    }
    System.arraycopy(entry, LogEntry.HEADER, parts, partsLength, length);
    partsLength += length;
    if (last.goesOn()) {
      return false;
    }
    bytes = parts;
    offset = 0;
    length = partsLength;
    partsLength = 0;
    parts = NOTHING; // large ones are rare
    return true;
  }

  /** Whether a segment begins with the record. */
  boolean begins() {
    return partsBegin;
  }

  int type() {
    return last.type();
  }

  /** When it was appended, by the clock of the node that led. */
  long millis() {
    return last.millis();
  }

  byte[] bytes() {
    return bytes;
  }

  int offset() {
    return offset;
  }

  int length() {
    return length;
  }
}
