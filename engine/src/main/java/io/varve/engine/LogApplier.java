package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.DeleteEntry;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.policy.RetentionPolicy;
import java.util.List;
import java.util.function.Consumer;

/**
 * Applies records that were logged before, or by another replica, to the open part of the store:
 * each as it was applied when it was written. Decisions whose files are there already are only
 * followed, the others become jobs.
 *
 * <p>One thread at a time.
 */
final class LogApplier {
  private final OpenHead open;
  private final Catalog catalog;
  private final Jobs jobs;
  private final WriteRecord.MetadataSink metadata;
  private final DeleteBook deletes;
  private final Windows windows;
  private final Consumer<ByteReader> seals;
  private final WriteRecord.Decoder decoder = new WriteRecord.Decoder();

  /** Records up to here are in the saved head; later records may refer to them. */
  private final long savedTo;

  /** What records up to here decided is in the files. */
  private final long flushedTo;

  private RetentionPolicy policy;
  private Declared.All declared;
  private long expiredAtMillis;
  private long records;
  private long lostSamples;
  private long replayedBytes;

  /**
   * @param seals takes the payload of SEALED
   */
  LogApplier(
      ManifestState state,
      OpenHead open,
      Catalog catalog,
      Jobs jobs,
      WriteRecord.MetadataSink metadata,
      DeleteBook deletes,
      Consumer<ByteReader> seals) {
    this.seals = seals;
    this.open = open;
    this.catalog = catalog;
    this.jobs = jobs;
    this.metadata = metadata;
    this.deletes = deletes;
    this.windows = new Windows(state.windowMillis());
    this.savedTo = state.checkpointSequence();
    this.flushedTo = state.flushedSequence();
    RetentionMark mark = RetentionMark.of(state);
    this.policy = mark.policy();
    this.expiredAtMillis = mark.atMillis();
    this.declared = Declared.All.of(state);
  }

  /** A segment begins: encodings start anew. */
  void segment() {
    decoder.startSegment();
  }

  /** Applies one record. */
  void apply(long sequence, int type, byte[] payload, int offset, int length) {
    String source = "log record " + sequence;
    boolean isSaved = sequence <= savedTo;
    if (type == Records.WRITE) {
      long lost =
          decoder.decode(payload, offset, length, source, 0, isSaved ? null : open, metadata);
      if (!isSaved) {
        lostSamples += lost;
        records++;
        replayedBytes += length;
      }
      return;
    }
    boolean inFiles = sequence <= flushedTo;
    if (type == Records.CORRECT) {
      correct(sequence, payload, offset, length, source, isSaved, inFiles);
      return;
    }
    if (isSaved) {
      return;
    }
    ByteReader in = new ByteReader().on(payload, offset, length, source, 0);
    switch (type) {
      case Records.FLUSH -> {
        Records.Flush flush = Records.Flush.decode(in);
        Frozen frozen =
            flush.everything()
                ? open.freeze(sequence, flush.buckets(), flush.compact())
                : open.freezeLate(sequence, flush.buckets(), flush.lateWindows());
        decoder.renumbered(flush.compact());
        catalog.froze(frozen, open);
        if (inFiles) {
          catalog.sealed(frozen, List.of());
        } else {
          jobs.add(
              new Jobs.FlushJob(
                  sequence, frozen, flush.everything() ? Checkpoint.Image.ofStart(open) : null));
        }
      }
      case Records.DELETE -> {
        Delete delete = Records.decodeDelete(sequence, in);
        if (!inFiles) {
          deletes.logged(delete);
          catalog.deleted(delete);
          jobs.add(new Jobs.DeleteJob(sequence, delete));
        }
      }
      case Records.UNDELETE -> {
        if (!inFiles) {
          Records.Undelete undelete = Records.Undelete.decode(in);
          deletes.undeleteLogged(undelete.id());
          DeleteEntry entry = deletes.find(undelete.id());
          catalog.undeleted(undelete.id(), entry == null ? TimeRange.ALL : entry.range());
          jobs.add(new Jobs.UndeleteJob(sequence, undelete.id(), undelete.atMillis()));
        }
      }
      case Records.MERGE -> {
        if (!inFiles) {
          Records.Merge merge = Records.Merge.decode(in);
          deletes.mergeLogged(sequence, merge);
          jobs.add(new Jobs.MergeJob(sequence, merge, policy));
        }
      }
      case Records.DROP -> {
        if (!inFiles) {
          long start = Records.decodeWindow(in);
          jobs.add(new Jobs.DropJob(sequence, start, Records.decodeReason(in)));
        }
      }
      case Records.POLICY -> {
        if (!inFiles) {
          long atMillis = Records.decodeTime(in);
          policy = RetentionPolicy.decode(in);
          expire(sequence, atMillis);
        }
      }
      case Records.EXPIRE -> {
        if (!inFiles) {
          expire(sequence, Records.decodeTime(in));
        }
      }
      case Records.AGGREGATES -> declare(sequence, Declared.Kind.AGGREGATES, in, inFiles);
      case Records.SHARED -> declare(sequence, Declared.Kind.SHARED, in, inFiles);
      case Records.SEALED -> seals.accept(in);
      case Records.NOTHING -> {
        // it keeps the numbers of those behind it
      }
      default -> throw new CorruptDataException(source, 0, "unknown record type " + type);
    }
  }

  private void declare(long sequence, Declared.Kind kind, ByteReader in, boolean inFiles) {
    if (!inFiles) {
      Declared next = Declared.decode(kind, in);
      next.checkLevel();
      declared = declared.with(next);
      jobs.add(new Jobs.DeclareJob(sequence, next));
    }
  }

  private void expire(long sequence, long atMillis) {
    expiredAtMillis = atMillis;
    Expiry expiry = new Expiry(sequence, atMillis, policy, windows);
    catalog.expired(expiry);
    jobs.add(new Jobs.ExpireJob(expiry));
  }

  /** What is declared as the log leaves it. */
  Declared.All declared() {
    return declared;
  }

  /** The retention as the log leaves it. */
  RetentionMark retention() {
    return new RetentionMark(expiredAtMillis, policy);
  }

  /** Goes on from what this replica decided itself while it led. */
  void take(RetentionMark retention, Declared.All other) {
    policy = retention.policy();
    expiredAtMillis = retention.atMillis();
    declared = other;
  }

  /** The samples of a correction that are in order go into the head, the others into files. */
  private void correct(
      long sequence,
      byte[] payload,
      int offset,
      int length,
      String source,
      boolean isSaved,
      boolean inFiles) {
    ByteReader in = new ByteReader().on(payload, offset, length, source, 0);
    int buckets = in.count(ChunkInfo.MOST_BUCKETS);
    int prefix = length - in.remaining();
    if (!isSaved) {
      open.beginCorrection();
    }
    long lost =
        decoder.decode(
            payload,
            offset + prefix,
            length - prefix,
            source,
            prefix,
            isSaved ? null : open,
            metadata);
    if (isSaved) {
      return;
    }
    lostSamples += lost;
    records++;
    replayedBytes += length;
    Frozen corrections = open.endCorrection(sequence, buckets);
    if (!inFiles) {
      catalog.froze(corrections, open);
      jobs.add(new Jobs.CorrectJob(sequence, corrections));
    }
  }

  /** Records that were applied, those in the saved head not included. */
  long records() {
    return records;
  }

  /** Bytes of these records. */
  long replayedBytes() {
    return replayedBytes;
  }

  /** Samples whose series is not known, because a damaged part of the log named it. */
  long lostSamples() {
    return lostSamples;
  }

  /** From here on it is remembered when the samples are that records bring. */
  void rememberTimes() {
    decoder.rememberTimes();
  }

  /** Tells of the times of the samples of the last record, if they are remembered. */
  void tellTimes(WindowVersions versions) {
    decoder.tellTimes(versions);
  }
}
