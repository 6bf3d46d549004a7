package io.varve.engine.wal;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.ShardLog;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes records that were logged elsewhere behind the end of a log that nobody has open, as if
 * they had been logged there: with their numbers, and in the segments that they were logged in.
 * Records that are there already are passed over. One thread; nothing is durable before {@link
 * #close} has returned.
 */
public final class WalContinuation implements ShardLog.RecordConsumer, Closeable {
  private final FileSystem fileSystem;
  private final Path folder;
  private final long storeId;
  private @Nullable SegmentWriter writer;
  private long last;

  private WalContinuation(FileSystem fileSystem, Path folder, long storeId) {
    this.fileSystem = fileSystem;
    this.folder = folder;
    this.storeId = storeId;
  }

  /**
   * Finds the end of a log. A record that was being written there when its process ended is cut
   * off.
   *
   * @param folder of the log; created if there is none
   * @param relativeName the folder's name in messages
   * @param storeId the id that all segments of the store carry
   * @throws CorruptDataException if what is there is damaged
   */
  public static WalContinuation open(
      FileSystem fileSystem, Path folder, String relativeName, long storeId) throws IOException {
    fileSystem.createDirectories(folder);
    WalContinuation log = new WalContinuation(fileSystem, folder, storeId);
    List<WalReplay.Segment> segments = WalReplay.segments(fileSystem, folder);
    if (segments.isEmpty()) {
      return log;
    }
    WalReplay.Segment newest = segments.getLast();
    WalReplay replay = new WalReplay(fileSystem, relativeName, storeId);
    replay.run(List.of(newest), newest.firstSequence(), new Nobody());
    if (!replay.damages().isEmpty()) {
      ShardLog.Damage damage = replay.damages().getFirst();
      throw new CorruptDataException(damage.file(), damage.offset(), damage.problem());
    }
    WalReplay.End end = replay.end();
    log.last = Math.max(end.lastSequence(), newest.firstSequence() - 1);
    if (end.goodBytes() == 0) {
      fileSystem.delete(newest.path());
      if (segments.size() > 1) {
        return open(fileSystem, folder, relativeName, storeId);
      }
      return log;
    }
    if (end.tail() == WalReplay.TailState.TORN) {
      fileSystem.truncate(newest.path(), end.goodBytes());
    }
    log.writer = SegmentWriter.reopen(fileSystem, newest.path(), storeId, newest.firstSequence());
    return log;
  }

  /** Takes nothing: the reader itself finds the end. */
  private record Nobody() implements ShardLog.RecordConsumer {
    @Override
    public void segment(long firstSequence) {
      // the next one has it in its name
    }

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      // its checksum was proven
    }
  }

  /** The last record that is there. */
  public long last() {
    return last;
  }

  @Override
  public void segment(long firstSequence) throws IOException {
    SegmentWriter open = writer;
    if (firstSequence <= last || (open != null && open.firstSequence() == firstSequence)) {
      return;
    }
    checkNext(firstSequence);
    finish();
    writer = SegmentWriter.create(fileSystem, folder, storeId, firstSequence);
    fileSystem.syncDirectory(folder);
  }

  @Override
  public void record(long sequence, int type, byte[] payload, int offset, int length)
      throws IOException {
    if (sequence <= last) {
      return;
    }
    checkNext(sequence);
    SegmentWriter open = writer;
    if (open == null) {
      throw new IOException(
          "record " + sequence + " goes on with a segment of the log that is not there");
    }
    open.append(type, sequence, last, payload, offset, length);
    last = sequence;
  }

  private void checkNext(long sequence) throws IOException {
    if (sequence != last + 1) {
      throw new IOException("record " + sequence + " of the log comes behind " + last);
    }
  }

  private void finish() throws IOException {
    SegmentWriter open = writer;
    if (open != null) {
      writer = null;
      try {
        open.sync();
        open.endMark(last);
        open.sync();
      } finally {
        open.close();
      }
    }
  }

  @Override
  public void close() throws IOException {
    finish();
    fileSystem.syncDirectory(folder);
  }
}
