package io.varve.engine.wal;

import static io.varve.engine.wal.WalFormat.RECORD_HEADER_BYTES;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.FileHeader;
import io.varve.engine.io.FileSystem;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads one segment front to back through a window of its bytes. It stops at the first byte that is
 * wrong and says what is wrong there; what that means is for {@link WalReplay} to judge. One
 * thread.
 */
final class SegmentReader implements Closeable {
  private static final int WINDOW_BYTES = 1 << 20;

  private final FileSystem.ReadFile file;
  private final String source;
  private final long storeId;
  private final long firstSequence;
  private final byte[] salt;
  private final CRC32C crc = new CRC32C();

  private byte[] window;
  private long windowStart;
  private int windowLength;

  private long position;
  private long nextSequence;
  private @Nullable String problem;
  private boolean foreign;

  private long sequence;
  private long durable;
  private int type;
  private int payloadOffset;
  private int payloadLength;

  SegmentReader(FileSystem fileSystem, Path path, String source, long storeId, long firstSequence)
      throws IOException {
    this.file = fileSystem.open(path);
    this.window = new byte[(int) Math.min(WINDOW_BYTES, file.size())];
    this.source = source;
    this.storeId = storeId;
    this.firstSequence = firstSequence;
    this.salt = WalFormat.salt(storeId, firstSequence);
    this.nextSequence = firstSequence;
  }

  /**
   * Reads the header; to be called first.
   *
   * @return false if it is not the header of this segment: see {@link #problem}
   * @throws IOException also if a later version of this program wrote the segment
   */
  boolean header() throws IOException {
    int length = (int) Math.min(file.size(), FileHeader.BYTES);
    int at = load(0, length);
    try {
      FileHeader header =
          FileHeader.read(new ByteReader().on(window, at, length, source, -at), WalFormat.FORMAT);
      if (header.storeId() != storeId) {
        problem = "belongs to another store";
        foreign = true;
      } else if (header.number() != firstSequence) {
        foreign = true;
        problem = "is the segment of sequence " + header.number() + " under another name";
      } else if (header.version() != WalFormat.VERSION) {
        throw new IOException(
            source
                + ": log format version "
                + header.version()
                + " is not known to this program, which reads version "
                + WalFormat.VERSION);
      }
    } catch (CorruptDataException e) {
      problem = e.problem();
    }
    position = problem == null ? FileHeader.BYTES : 0;
    return problem == null;
  }

  /**
   * Moves to the next record.
   *
   * @return false at the end ({@link #problem} is null) and at bad bytes (it is not)
   */
  boolean next() throws IOException {
    while (problem == null && position < file.size()) {
      problem = parse(position);
      if (problem != null) {
        break;
      }
      boolean mark = type == WalFormat.END_MARK;
      long expected = mark ? nextSequence - 1 : nextSequence;
      if (sequence != expected) {
        problem = "sequence " + sequence + " where " + expected + " is due";
        break;
      }
      position += RECORD_HEADER_BYTES + payloadLength;
      if (!mark) {
        nextSequence++;
        return true;
      }
    }
    return false;
  }

  /** What is wrong with the record at {@code at}, null if it is sound and now the current one. */
  private @Nullable String parse(long at) throws IOException {
    long left = file.size() - at;
    if (left < RECORD_HEADER_BYTES) {
      return "record header is cut off after " + left + " bytes";
    }
    int in = load(at, RECORD_HEADER_BYTES);
    int length = (int) WalFormat.INT.get(window, in + WalFormat.LENGTH_AT);
    if (length < 0 || length > WalFormat.MAX_PAYLOAD_BYTES) {
      return "record length " + Integer.toUnsignedString(length) + " is over the limit";
    }
    if (length > left - RECORD_HEADER_BYTES) {
      return "record of " + length + " bytes is cut off";
    }
    in = load(at, RECORD_HEADER_BYTES + length);
    int stored = (int) WalFormat.INT.get(window, in + WalFormat.CRC_AT);
    if (WalFormat.checksum(crc, salt, window, in, length) != stored) {
      return "record fails its checksum";
    }
    sequence = (long) WalFormat.LONG.get(window, in + WalFormat.SEQUENCE_AT);
    durable =
        sequence
            - Integer.toUnsignedLong((int) WalFormat.INT.get(window, in + WalFormat.UNDURABLE_AT));
    type = window[in + WalFormat.TYPE_AT] & 0xFF;
    payloadOffset = in + RECORD_HEADER_BYTES;
    payloadLength = length;
    return null;
  }

  /**
   * Looks for sound records behind bad bytes, at every byte.
   *
   * @return the highest sequence number and the highest durable one that they carry, both 0 if
   *     there are none
   */
  Behind behind() throws IOException {
    long highest = 0;
    long proven = 0;
    long at = Math.max(position, FileHeader.BYTES);
    long possible = nextSequence + (file.size() - at) / RECORD_HEADER_BYTES;
    while (at <= file.size() - RECORD_HEADER_BYTES) {
      int in = load(at, RECORD_HEADER_BYTES);
      long candidate = (long) WalFormat.LONG.get(window, in + WalFormat.SEQUENCE_AT);
      // The number alone rules out nearly every place, so that the checksum is rarely computed.
      if (candidate >= nextSequence && candidate <= possible && parse(at) == null) {
        highest = Math.max(highest, sequence);
        proven = Math.max(proven, durable);
        at += RECORD_HEADER_BYTES + payloadLength;
      } else {
        at++;
      }
    }
    return new Behind(highest, proven);
  }

  /** Makes {@code [at, at + length)} of the file readable; returns its index in the window. */
  private int load(long at, int length) throws IOException {
    if (at < windowStart || at + length > windowStart + windowLength) {
      if (length > window.length) {
        window = new byte[Math.max(length, (int) Math.min(window.length * 2L, file.size()))];
      }
      int fill = (int) Math.min(window.length, file.size() - at);
      windowLength = 0;
      file.readFully(at, window, 0, fill);
      windowStart = at;
      windowLength = fill;
    }
    return (int) (at - windowStart);
  }

  /** What is wrong at {@link #position}, null if nothing. */
  @Nullable String problem() {
    return problem;
  }

  /** True if the header is sound but that of another segment, which no torn write leaves behind. */
  boolean foreign() {
    return foreign;
  }

  long firstSequence() {
    return firstSequence;
  }

  /** Byte at which the next record begins, or at which it goes wrong. */
  long position() {
    return position;
  }

  /** The sequence number that is due at {@link #position}. */
  long nextSequence() {
    return nextSequence;
  }

  long sequence() {
    return sequence;
  }

  int type() {
    return type;
  }

  /** The array that holds the current record's payload, until the next move. */
  byte[] array() {
    return window;
  }

  int payloadOffset() {
    return payloadOffset;
  }

  int payloadLength() {
    return payloadLength;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /**
   * What stands behind bad bytes.
   *
   * @param highestSequence the highest sequence number of a sound record, 0 if there is none
   * @param durable the highest sequence number that these records prove to have been durable
   */
  record Behind(long highestSequence, long durable) {}
}
