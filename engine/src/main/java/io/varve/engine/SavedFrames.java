package io.varve.engine;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The frames of a saved file ({@link Checkpoint}), in order. A helper checks and unpacks some of
 * them ahead of the reader; what it has not begun when its turn comes, the reader unpacks itself,
 * so that on a busy machine nobody waits. One thread reads.
 */
final class SavedFrames {
  private static final int AHEAD = 6;
  private static final int MOST_FRAME_BYTES = 1 << 28;

  private final String name;
  private final long position;
  private final ByteReader in;
  private final Executor helper;
  private final ArrayDeque<Frame> ahead = new ArrayDeque<>();
  private final ByteReader reader = new ByteReader();
  private @Nullable Frame current;

  /**
   * Begins to unpack.
   *
   * @param name of the file, for messages
   * @param position of the log, from the file's header
   * @param in the file, at the first frame
   */
  SavedFrames(String name, long position, ByteReader in, Executor helper) {
    this.name = name;
    this.position = position;
    this.in = in;
    this.helper = helper;
    for (int i = 0; i < AHEAD; i++) {
      begin(new Frame());
    }
  }

  /** The log position that the file was saved at. */
  long position() {
    return position;
  }

  /** Bytes that the last frame takes in the file. */
  int packedLength() {
    Frame frame = current;
    return frame == null ? 0 : frame.packedLength;
  }

  /**
   * The next frame, valid until the next call. To be called until the last frame was there.
   *
   * @throws CorruptDataException if the frame is damaged, or missing
   */
  ByteReader next() {
    Frame read = current;
    if (read != null) {
      begin(read); // its array is free again
    }
    Frame frame = ahead.remove();
    current = frame;
    frame.run();
    try {
      frame.done.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof CorruptDataException corrupt ? corrupt : e;
    }
    return reader.on(frame.content, 0, frame.length, name, frame.at);
  }

  /** Has the next frame of the file unpacked; what is wrong with it is told in its turn. */
  private void begin(Frame frame) {
    frame.done = new CompletableFuture<>();
    ahead.add(frame);
    try {
      frame.packedLength = in.fixed32();
      frame.checksum = in.fixed32();
      frame.length = in.fixed32();
      if (frame.packedLength < 0
          || frame.packedLength > in.remaining()
          || frame.length < 0
          || frame.length > MOST_FRAME_BYTES) {
        throw in.corrupt("a frame of " + frame.packedLength + " bytes for " + frame.length);
      }
      frame.at = in.skip(frame.packedLength);
    } catch (CorruptDataException e) {
      frame.done.completeExceptionally(e);
      return;
    }
    // From here on a turn that the helper still owes to the frame's last use may serve this one.
    frame.begun.set(false);
    helper.execute(frame);
  }

  /** A frame and the array that it is unpacked into; used again and again. */
  private final class Frame implements Runnable {
    private final AtomicBoolean begun = new AtomicBoolean(true);
    private CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    private byte[] content = new byte[0];
    private int at;
    private int packedLength;
    private int checksum;
    private int length;

    @Override
    public void run() {
      if (begun.compareAndSet(false, true)) {
        try {
          unpack();
          done.complete(null);
        } catch (Throwable e) {
          done.completeExceptionally(e);
        }
      }
    }

    private void unpack() {
      byte[] file = in.array();
      if (Crc32c.of(file, at, packedLength) != checksum) {
        throw new CorruptDataException(name, at, "checksum does not match");
      }
      if (Zstd.getFrameContentSize(file, at, packedLength) != length) {
        throw new CorruptDataException(name, at, "does not unpack to " + length + " bytes");
      }
      if (content.length < length) {
        content = new byte[length];
      }
      long got;
      try {
        got = Zstd.decompressByteArray(content, 0, length, file, at, packedLength);
      } catch (ZstdException e) {
        throw new CorruptDataException(name, at, "cannot be unpacked: " + e.getMessage());
      }
      if (got != length) {
        throw new CorruptDataException(name, at, "unpacks to " + got + " bytes");
      }
    }
  }
}
