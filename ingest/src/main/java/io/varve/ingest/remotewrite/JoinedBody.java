package io.varve.ingest.remotewrite;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import java.util.ArrayList;
import java.util.List;

/**
 * Bodies of remote write 1.0 that follow each other, as one body, without decoding any of them. In
 * a snappy block what is copied is told by how far back it stands, so the elements of one block may
 * stand behind those of another, under a length that is the sum. And a protobuf message behind
 * another one of its kind reads as both in one, lists one after the other.
 *
 * <p>It is the first body's beginning, then {@link Part}s of the bytes of each, which are not
 * copied. One thread. Sources: the description of snappy's format, the encoding guide of protobuf.
 */
public final class JoinedBody {
  private final long mostDecoded;
  private final List<Part> parts = new ArrayList<>();
  private long decoded;

  /**
   * The elements of one body: bytes {@code [offset, offset + length)}.
   *
   * @param bytes of the body, not copied
   */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares parts
  public record Part(byte[] bytes, int offset, int length) {}

  /**
   * Nothing is in it yet.
   *
   * @param mostDecoded bytes that it decodes to at most
   */
  public JoinedBody(long mostDecoded) {
    this.mostDecoded = mostDecoded;
  }

  /**
   * Puts a body behind those that are in it.
   *
   * @return false if it was left out: it is no snappy block by its beginning, or too large
   */
  public boolean add(byte[] body, int offset, int length) {
    long declared;
    try {
      declared = SnappyBlock.declaredLength(body, offset, length);
    } catch (CorruptDataException e) {
      return false; // its sender is told so when it is sent alone
    }
    if (declared > mostDecoded - decoded) {
      return false;
    }
    int start = offset;
    while (body[start] < 0) {
      start++;
    }
    start++;
    parts.add(new Part(body, start, offset + length - start));
    decoded += declared;
    return true;
  }

  /** What stands before the parts. */
  public byte[] beginning() {
    ByteWriter out = new ByteWriter(Long.BYTES);
    out.varint(decoded);
    return out.toByteArray();
  }

  /** The parts, in order. */
  public List<Part> parts() {
    return List.copyOf(parts);
  }
}
