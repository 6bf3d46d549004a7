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
  /** Every number is that of a record. */
  public static final int NO_GAPS = 0;

  private static final byte[] NOTHING = new byte[0];

  private final FileSystem fileSystem;
  private final Path folder;
  private final long storeId;
  private final int filler;
  private @Nullable SegmentWriter writer;
  private long last;

  private WalContinuation(FileSystem fileSystem, Path folder, long storeId, long last, int filler) {
    this.fileSystem = fileSystem;
    this.folder = folder;
    this.storeId = storeId;
    this.last = last;
    this.filler = filler;
  }

  /**
   * Finds the end of a log. A record that was being written there when its process ended is cut
   * off.
   *
   * @param folder of the log; created if there is none
   * @param relativeName the folder's name in messages
   * @param storeId the id that all segments of the store carry
   * @param before the record behind which it begins, if there is none
   * @param filler type of the records that take the numbers that are left out; {@link #NO_GAPS} if
   *     none may be
   * @throws CorruptDataException if what is there is damaged
   */
  public static WalContinuation open(
      FileSystem fileSystem,
      Path folder,
      String relativeName,
      long storeId,
      long before,
      int filler)
      throws IOException {
    fileSystem.createDirectories(folder);
    WalContinuation log = new WalContinuation(fileSystem, folder, storeId, before, filler);
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
        return open(fileSystem, folder, relativeName, storeId, before, filler);
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
    fillTo(firstSequence - 1);
    checkNext(firstSequence);
    begin(firstSequence);
  }

  private void begin(long firstSequence) throws IOException {
    finish();
    writer = SegmentWriter.create(fileSystem, folder, storeId, firstSequence);
    fileSystem.syncDirectory(folder);
  }

  /** Gives the numbers up to one that are left to what stands for none; needs to be told so. */
  public void fillTo(long sequence) throws IOException {
    while (filler != NO_GAPS && last < sequence) {
      if (writer == null) {
        begin(last + 1);
      }
      append(filler, last + 1, NOTHING, 0, 0);
    }
  }

  @Override
  public void record(long sequence, int type, byte[] payload, int offset, int length)
      throws IOException {
    if (sequence <= last) {
      return;
    }
    if (writer != null) {
      fillTo(sequence - 1);
    }
    checkNext(sequence);
    append(type, sequence, payload, offset, length);
  }

  private void append(int type, long sequence, byte[] payload, int offset, int length)
      throws IOException {
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
