package io.varve.ingest.cluster.raft;

import io.varve.engine.format.CorruptDataException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The frame of an entry; see the package's description.
 *
 * @param begins a segment begins with this record
 * @param goesOn the record goes on in the next entry
 * @param continues the entry goes on with a record that began in an entry before
 * @param type of the record, 1 to 255
 * @param millis when it was appended, by the leader's clock
 */
record LogEntry(boolean begins, boolean goesOn, boolean continues, int type, long millis) {
  /** Bytes before the payload. */
  static final int HEADER = 12;

  private static final byte VERSION = 1;
  private static final int BEGINS = 1;
  private static final int GOES_ON = 2;
  private static final int CONTINUES = 4;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** The bytes of an entry with a part of a record's payload. */
  byte[] encode(byte[] payload, int offset, int length) {
    byte[] bytes = new byte[HEADER + length];
    bytes[0] = VERSION;
    bytes[1] =
        (byte) ((begins ? BEGINS : 0) | (goesOn ? GOES_ON : 0) | (continues ? CONTINUES : 0));
    bytes[2] = (byte) type;
    LONG.set(bytes, 4, millis);
    System.arraycopy(payload, offset, bytes, HEADER, length);
    return bytes;
  }

  /**
   * Reads the frame.
   *
   * @throws CorruptDataException if it is none, or of a later version
   */
  static LogEntry decode(byte[] bytes, long index) {
    if (bytes.length < HEADER) {
      throw corrupt(index, "entry of " + bytes.length + " bytes");
    }
    if (bytes[0] != VERSION) {
      throw corrupt(index, "entry of version " + bytes[0] + "; this release reads version 1");
    }
    int flags = bytes[1];
    if ((flags & ~(BEGINS | GOES_ON | CONTINUES)) != 0 || bytes[3] != 0 || bytes[2] == 0) {
      throw corrupt(index, "entry with flags " + flags + " and type " + (bytes[2] & 0xFF));
    }
    return new LogEntry(
        (flags & BEGINS) != 0,
        (flags & GOES_ON) != 0,
        (flags & CONTINUES) != 0,
        bytes[2] & 0xFF,
        (long) LONG.get(bytes, 4));
  }

  static CorruptDataException corrupt(long index, String problem) {
    return new CorruptDataException("entry " + index + " of the replicated log", -1, problem);
  }
}
