package io.varve.ingest.spool;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A write request in a spool.
 *
 * @param sequence its place in the order in which requests were taken, from 1 on
 * @param takenMillis when, in milliseconds since the epoch
 * @param path that it was sent to
 * @param headers that it is sent on with
 * @param record as it stands in the spool, with the body at its end; not to be changed
 * @param bodyOffset where the body, as it came, begins in it
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares requests
public record SpooledRequest(
    long sequence,
    long takenMillis,
    String path,
    Map<String, String> headers,
    byte[] record,
    int bodyOffset) {
  /** The largest body that fits into a record, with its path and headers. */
  public static final int MOST_BODY_BYTES = 60 << 20;

  private static final int MOST_HEADERS = 255;
  private static final int ROOM = 256;

  static byte[] encode(
      long takenMillis,
      String path,
      Map<String, String> headers,
      byte[] body,
      int offset,
      int length) {
    if (headers.size() > MOST_HEADERS) {
      throw new IllegalArgumentException(headers.size() + " headers");
    }
    ByteWriter out = new ByteWriter(length + ROOM);
    out.fixed64(takenMillis);
    out.string(path);
    out.u8(headers.size());
    headers.forEach(
        (name, value) -> {
          out.string(name);
          out.string(value);
        });
    out.bytes(body, offset, length);
    return out.toByteArray();
  }

  /**
   * Reads a record.
   *
   * @throws io.varve.engine.format.CorruptDataException if it is none
   */
  static SpooledRequest decode(long sequence, byte[] record) {
    ByteReader in = new ByteReader(record, "spooled request " + sequence);
    long taken = in.fixed64();
    String path = in.string();
    int count = in.u8();
    Map<String, String> headers = LinkedHashMap.newLinkedHashMap(count);
    for (int i = 0; i < count; i++) {
      String name = in.string();
      headers.put(name, in.string());
    }
    return new SpooledRequest(sequence, taken, path, headers, record, in.position());
  }

  /** Bytes of the body. */
  public int bodyLength() {
    return record.length - bodyOffset;
  }
}
