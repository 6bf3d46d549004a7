package io.varve.engine;

import io.varve.engine.log.ShardLog;
import java.util.Map;

/**
 * The side of an engine that a replicated log talks to: it takes the records that the leader
 * appended, in order, and is told when it leads itself.
 *
 * <p>A leader applies its own records when it appends them, before the others have them; what comes
 * back of those is not to be handed in once more. One thread calls {@link #segment}, {@link
 * #record}, {@link #lead} and {@link #follow}.
 */
public final class Replica implements ShardLog.RecordConsumer {
  private final WritePath writePath;
  private final long savedTo;
  private final Seals seals;

  Replica(WritePath writePath, long savedTo, Seals seals) {
    this.writePath = writePath;
    this.savedTo = savedTo;
    this.seals = seals;
  }

  /** Records up to here were in the saved head when the engine was opened: they do not come. */
  public long savedTo() {
    return savedTo;
  }

  /** The last record that is in the state: appended here, handed in, or saved. Any thread. */
  public long appliedTo() {
    return writePath.appliedTo();
  }

  @Override
  public void segment(long firstSequence) {
    writePath.beginReplicatedSegment();
  }

  /**
   * Applies a record.
   *
   * @throws io.varve.engine.format.CorruptDataException if it is none; nothing that comes behind it
   *     means anything then
   */
  @Override
  public void record(long sequence, int type, byte[] payload, int offset, int length) {
    writePath.applyReplicated(sequence, type, payload, offset, length);
  }

  /**
   * This replica leads: it has all records that there are, appends go into the log from now on, and
   * it decides what is to be done.
   */
  public void lead() {
    writePath.lead();
  }

  /**
   * It leads no more. Never waits: appends that are under way learn it from the log. Any thread.
   */
  public void follow() {
    writePath.follow();
  }

  /** True if it leads. Any thread. */
  public boolean leads() {
    return writePath.leads();
  }

  /** Chunk files that were compared with the leader's. Any thread. */
  public long comparedFiles() {
    return seals.compared();
  }

  /**
   * Chunk files of which the leader has others, or none: its SHA-256 by path, "" for none. They
   * stay in it until {@link #settled}. Any thread.
   */
  public Map<String, String> differingFiles() {
    return seals.differing();
  }

  /** A differing file was put right, or is there no more. Any thread. */
  public void settled(String path) {
    seals.settled(path);
  }
}
