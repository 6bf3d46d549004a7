package io.varve.http.remoteread;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.Crc32c;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/**
 * An answer as a stream of frames with chunks; see the package description. Holds one frame. Not
 * thread-safe.
 */
public final class FrameWriter {
  private final OutputStream stream;
  private final int frameBytes;
  private final ChunkEncoder encoder = new ChunkEncoder();
  private final ByteWriter labels = new ByteWriter(256);
  private final ByteWriter chunks = new ByteWriter(1 << 16);
  private final ByteWriter chunk = new ByteWriter(1 << 12);
  private final ByteWriter message = new ByteWriter(1 << 16);
  private final ByteWriter head = new ByteWriter(16);

  /**
   * Writes to a stream, which stays open.
   *
   * @param frameBytes a frame is closed when it has grown to this size
   */
  public FrameWriter(OutputStream stream, int frameBytes) {
    this.stream = stream;
    this.frameBytes = frameBytes;
  }

  /**
   * Writes a series, in one frame or several. A series without rows is a frame without chunks.
   *
   * @param query index of the query that it answers
   * @return bytes of memory that stay held: none that would grow
   */
  public long write(int query, Labels seriesLabels, SampleColumns rows) throws IOException {
    labels.reset();
    seriesLabels.writeCanonical(labels);
    chunks.reset();
    try {
      encoder.encode(
          rows,
          (minTime, maxTime, encoding, bytes) -> {
            chunk.reset();
            chunk.u8(1 << 3);
            chunk.varint(minTime);
            chunk.u8(2 << 3);
            chunk.varint(maxTime);
            chunk.u8(3 << 3);
            chunk.varint(encoding);
            chunk.u8(4 << 3 | 2);
            chunk.varint(bytes.length);
            chunk.bytes(bytes);
            chunks.u8(2 << 3 | 2);
            chunks.varint(chunk.size());
            chunks.bytes(chunk.array(), 0, chunk.size());
            if (labels.size() + chunks.size() >= frameBytes) {
              frame(query);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    try {
      if (chunks.size() > 0 || rows.size == 0) {
        frame(query);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return 0;
  }

  private void frame(int query) {
    message.reset();
    message.u8(1 << 3 | 2);
    message.varint((long) labels.size() + chunks.size());
    message.bytes(labels.array(), 0, labels.size());
    message.bytes(chunks.array(), 0, chunks.size());
    if (query != 0) {
      message.u8(2 << 3);
      message.varint(query);
    }
    head.reset();
    head.varint(message.size());
    head.fixed32(Integer.reverseBytes(Crc32c.of(message.array(), 0, message.size())));
    chunks.reset();
    try {
      stream.write(head.array(), 0, head.size());
      stream.write(message.array(), 0, message.size());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
