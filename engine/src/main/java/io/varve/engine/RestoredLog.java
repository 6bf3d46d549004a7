package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.NotLeaderException;
import io.varve.engine.log.ShardLog;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.wal.Wal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The log behind a backup in a folder that the nodes of a cluster are to begin with. They begin a
 * log of their own behind what is saved in their stores, so what this one says has to be saved
 * first. Every node does it by itself and comes to the same, as the log holds all decisions.
 */
public final class RestoredLog {
  private static final System.Logger LOGGER = System.getLogger(Engine.class.getName());
  private static final String FOLDER = "wal/0";

  private RestoredLog() {}

  /**
   * Carries the log into the store's files and takes it away; does nothing if there is none. May be
   * broken off, and done again.
   *
   * @param config of the store that is to be opened
   * @throws CorruptDataException if the log is damaged
   */
  public static void apply(EngineConfig config) throws IOException {
    FileSystem fs = config.fileSystem();
    Path folder = config.dataDir().resolve(FOLDER);
    List<Path> segments = Wal.segmentFiles(fs, folder);
    if (segments.isEmpty()) {
      return;
    }
    ManifestState state = Manifest.read(fs, config.dataDir());
    LOGGER.log(
        System.Logger.Level.INFO,
        "a log of {0} files was restored: it is carried into the store",
        segments.size());
    NoAppends log = new NoAppends();
    long saved;
    try (Engine engine =
        Engine.openReplica(
            config.withStoredRetention(),
            new RecoveryProgress(),
            new LogSource() {
              @Override
              public Identity identity() {
                return new Identity(state.storeId(), state.hashSeed());
              }

              @Override
              public ShardLog open(long savedTo) {
                log.last = savedTo;
                return log;
              }
            })) {
      List<ShardLog.Damage> damages =
          Wal.verify(fs, folder, FOLDER, state.storeId(), new ToReplica(engine.replica(), log));
      if (!damages.isEmpty()) {
        ShardLog.Damage first = damages.getFirst();
        throw new CorruptDataException(first.file(), first.offset(), first.problem());
      }
      saved = engine.save();
    }
    if (Manifest.read(fs, config.dataDir()).checkpointSequence() < saved) {
      throw new IOException("the restored log could not be saved: try again");
    }
    LOGGER.log(
        System.Logger.Level.INFO,
        "the restored log is in the store's files, up to record " + saved);
    for (Path segment : segments) {
      fs.delete(segment);
    }
    fs.syncDirectory(folder);
  }

  /** Hands on what is not saved yet. */
  private static final class ToReplica implements ShardLog.RecordConsumer {
    private final Replica replica;
    private final NoAppends log;
    private long begun;

    ToReplica(Replica replica, NoAppends log) {
      this.replica = replica;
      this.log = log;
    }

    @Override
    public void segment(long firstSequence) {
      begun = firstSequence;
    }

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      if (sequence <= replica.savedTo()) {
        return;
      }
      log.last = sequence; // first: what the engine makes of it may ask whether it is durable
      if (begun > 0) {
        replica.segment(begun);
        begun = 0;
      }
      replica.record(sequence, type, payload, offset, length);
    }
  }

  /** A log of which all is there, and to which nothing comes. */
  private static final class NoAppends implements ShardLog {
    private volatile long last;

    @Override
    public long append(int type, byte[] payload, int offset, int length) throws NotLeaderException {
      throw new NotLeaderException("the log is being restored");
    }

    @Override
    public void sync(long sequence) {
      // it was read from the disk
    }

    @Override
    public long durable() {
      return last;
    }

    @Override
    public long last() {
      return last;
    }

    @Override
    public long segmentBytes() {
      return 0;
    }

    @Override
    public long totalBytes() {
      return 0;
    }

    @Override
    public void roll() {
      // nothing is written
    }

    @Override
    public boolean tryRepair() {
      return true;
    }

    @Override
    public void trim(long sequence) {
      // all of it goes at the end
    }

    @Override
    public List<Damage> replay(long fromSequence, RecordConsumer consumer) {
      return List.of();
    }

    @Override
    public void close() {
      // nothing is open
    }
  }
}
