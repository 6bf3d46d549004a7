package io.varve.ingest;

import io.varve.engine.LateBacklogException;
import io.varve.engine.LimitExceededException;
import io.varve.engine.NotLeadingException;
import io.varve.engine.SeriesLookup;
import io.varve.engine.StaleGenerationException;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.AliasCache;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.Reason;
import io.varve.ingest.intake.RequestTooLargeException;
import io.varve.ingest.intake.ScrapeOrder;
import io.varve.ingest.otlp.DeltaPendingException;
import io.varve.ingest.otlp.OtlpDeltas;
import io.varve.ingest.otlp.OtlpEncoding;
import io.varve.ingest.otlp.OtlpFormatException;
import io.varve.ingest.otlp.OtlpSettings;
import io.varve.ingest.otlp.RunningTotals;
import io.varve.ingest.remotewrite.MessageType;
import io.varve.ingest.remotewrite.SnappyBlock;
import io.varve.ingest.remotewrite.UnsupportedContentException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes the bodies of write requests to the engine: negotiation, decompression, the walk into a
 * batch, the append, and the answer. It throws nothing at its caller but the I/O errors of the
 * stream that the caller gave it; every other end of a request is an {@link IngestOutcome}.
 *
 * <p>Any number of threads may call it at the same time; a request is worked on by the thread that
 * brings it. Buffers are pooled, and what all requests in progress hold is bounded by {@link
 * IngestLimits#inFlightBytes}.
 */
public final class Ingestor {
  private static final Logger LOG = System.getLogger(Ingestor.class.getName());
  private static final int STALE_RETRIES = 5;
  private static final int RETRY_SECONDS = 5;

  private final SeriesLookup lookup;
  private final BatchSink sink;
  private final IngestLimits limits;
  private final boolean typeAndUnitLabels;
  private final OtlpSettings otlp;
  private final @Nullable RunningTotals totals;
  private final InstantSource clock;
  private final ScrapeOrder order;
  private final AliasCache aliases;
  private final ByteBudget budget;
  private final WorkspacePool workspaces;
  private final boolean whole;
  private final IngestCounters counters;

  /**
   * @param lookup recognises series that the engine knows
   * @param sink takes the batches
   * @param clock tells which timestamps lie too far in the future
   */
  public Ingestor(SeriesLookup lookup, BatchSink sink, IngestLimits limits, InstantSource clock) {
    this(lookup, sink, limits, false, clock);
  }

  /**
   * @param lookup recognises series that the engine knows
   * @param sink takes the batches
   * @param typeAndUnitLabels true if the metadata of a remote write 2.0 series gives it the labels
   *     {@code __type__} and {@code __unit__}
   * @param clock tells which timestamps lie too far in the future
   */
  public Ingestor(
      SeriesLookup lookup,
      BatchSink sink,
      IngestLimits limits,
      boolean typeAndUnitLabels,
      InstantSource clock) {
    this(
        lookup,
        sink,
        limits,
        typeAndUnitLabels,
        OtlpSettings.DEFAULT.withTypeAndUnitLabels(typeAndUnitLabels),
        clock);
  }

  /**
   * @param lookup recognises series that the engine knows
   * @param sink takes the batches
   * @param typeAndUnitLabels true if the metadata of a remote write 2.0 series gives it the labels
   *     {@code __type__} and {@code __unit__}
   * @param otlp how OpenTelemetry metrics become series
   * @param clock tells which timestamps lie too far in the future
   */
  public Ingestor(
      SeriesLookup lookup,
      BatchSink sink,
      IngestLimits limits,
      boolean typeAndUnitLabels,
      OtlpSettings otlp,
      InstantSource clock) {
    this.otlp = otlp;
    this.totals =
        otlp.deltas().use() == OtlpDeltas.Use.CONVERT
            ? new RunningTotals(otlp.deltas(), clock)
            : null;
    this.lookup = lookup;
    this.sink = sink;
    this.limits = limits;
    this.typeAndUnitLabels = typeAndUnitLabels;
    this.clock = clock;
    this.order = new ScrapeOrder(limits.predictedSeries());
    this.aliases = new AliasCache(limits.aliasBytes());
    this.budget = new ByteBudget(limits.inFlightBytes());
    int idle = 2 * Runtime.getRuntime().availableProcessors();
    this.workspaces = new WorkspacePool(idle, this::newWorkspace);
    this.counters = new IngestCounters();
    this.whole = false;
  }

  /** Another way for the batches, and all else in common. */
  private Ingestor(Ingestor of, BatchSink sink, boolean whole, IngestCounters counters) {
    this.sink = sink;
    this.whole = whole;
    this.counters = counters;
    lookup = of.lookup;
    limits = of.limits;
    typeAndUnitLabels = of.typeAndUnitLabels;
    otlp = of.otlp;
    totals = of.totals;
    clock = of.clock;
    order = of.order;
    aliases = of.aliases;
    budget = of.budget;
    workspaces = of.workspaces;
  }

  /**
   * The same ingestor with another end, at which a request arrives as a whole or not at all. Limits
   * on all requests together, counters and what is remembered of senders are in common.
   */
  public Ingestor intoWhole(BatchSink other) {
    return new Ingestor(this, other, true, counters);
  }

  /** The same ingestor with another end, for batches that come here a second time to be stored. */
  public Ingestor intoWaiting(BatchSink other) {
    return new Ingestor(this, other, whole, new IngestCounters());
  }

  private Workspace newWorkspace() {
    return new Workspace(
        new Intake(lookup, order, aliases, limits.labels(), limits.entriesPerRequest()),
        typeAndUnitLabels,
        otlp,
        totals);
  }

  /** What has come in since the start. */
  public IngestCounters counters() {
    return counters;
  }

  /** Where deltas of OpenTelemetry are added up; null if they are not. */
  public @Nullable RunningTotals runningTotals() {
    return totals;
  }

  /** Memory that senders' own spellings of label sets take at present. */
  public long aliasBytes() {
    return aliases.bytes();
  }

  /** Bytes of bodies that requests in progress hold at present. */
  public long inFlightBytes() {
    return budget.taken();
  }

  /**
   * Stores the body of one remote write request.
   *
   * @param body the compressed bytes {@code [offset, offset + length)}; not kept
   * @param contentType the Content-Type header, null if there is none
   * @param contentEncoding the Content-Encoding header, null if there is none
   * @param tenant the {@link Tenants#HEADER} header, null if there is none
   * @throws NotLeadingException if another node of the cluster takes writes
   */
  public IngestOutcome write(
      byte[] body,
      int offset,
      int length,
      @Nullable String contentType,
      @Nullable String contentEncoding,
      @Nullable String tenant) {
    MessageType type = MessageType.V1;
    IngestOutcome outcome;
    try {
      MessageType.checkEncoding(contentEncoding);
      type = MessageType.of(contentType);
      String name = Tenants.parse(tenant);
      if (length > limits.compressedBytes()) {
        throw tooLarge();
      }
      Workspace workspace = workspaces.take();
      try {
        outcome = decodeAndStore(type, workspace, body, offset, length, name);
      } finally {
        workspaces.giveBack(workspace);
      }
    } catch (NotLeadingException e) {
      throw e;
    } catch (RuntimeException e) {
      outcome = refusal(e);
    }
    counters.request(outcome);
    return type == MessageType.V2 ? outcome.withWrittenHeaders() : outcome;
  }

  /**
   * Stores the body of one remote write request that is still to be read. The body is left unread
   * when the headers alone refuse it.
   *
   * @param body the compressed bytes; read to the end or to the limit, not closed
   * @param contentLength the Content-Length header, −1 if there is none
   * @throws IOException if reading the body fails
   * @throws NotLeadingException if another node of the cluster takes writes
   */
  public IngestOutcome write(
      InputStream body,
      long contentLength,
      @Nullable String contentType,
      @Nullable String contentEncoding,
      @Nullable String tenant)
      throws IOException {
    MessageType type = MessageType.V1;
    IngestOutcome outcome;
    try {
      MessageType.checkEncoding(contentEncoding);
      type = MessageType.of(contentType);
      String name = Tenants.parse(tenant);
      if (contentLength > limits.compressedBytes()) {
        throw tooLarge();
      }
      Workspace workspace = workspaces.take();
      try {
        int length = read(body, workspace, contentLength);
        outcome = decodeAndStore(type, workspace, workspace.compressed(), 0, length, name);
      } finally {
        workspaces.giveBack(workspace);
      }
    } catch (NotLeadingException e) {
      throw e;
    } catch (RuntimeException e) {
      outcome = refusal(e);
    }
    counters.request(outcome);
    return type == MessageType.V2 ? outcome.withWrittenHeaders() : outcome;
  }

  /**
   * Stores the body of one OTLP metrics request. The status of a success is 200.
   *
   * @param body the bytes {@code [offset, offset + length)} as sent; not kept
   * @param contentType the Content-Type header, null if there is none
   * @param contentEncoding the Content-Encoding header, null if there is none
   * @param tenant the {@link Tenants#HEADER} header, null if there is none
   * @throws NotLeadingException if another node of the cluster takes writes
   */
  public IngestOutcome writeOtlp(
      byte[] body,
      int offset,
      int length,
      @Nullable String contentType,
      @Nullable String contentEncoding,
      @Nullable String tenant) {
    IngestOutcome outcome;
    try (ByteBudget.Loan loan = budget.loan()) {
      OtlpEncoding encoding = OtlpEncoding.of(contentType);
      boolean gzip = OtlpEncoding.isGzip(contentEncoding);
      String name = Tenants.parse(tenant);
      if (length > limits.compressedBytes()) {
        throw tooLarge();
      }
      Workspace workspace = workspaces.take();
      try {
        OtlpBody source = new OtlpBody(workspace, limits, loan);
        byte[] decoded = source.bytes(body, offset, length, gzip);
        source.parseable(encoding);
        Intake intake = workspace.intake;
        intake.begin(name, clock.millis() + limits.future().toMillis());
        outcome = decodeAndStore(encoding, workspace, decoded, source.length(), length);
      } finally {
        workspaces.giveBack(workspace);
      }
    } catch (NotLeadingException e) {
      throw e;
    } catch (RuntimeException e) {
      outcome = refusal(e);
    }
    counters.request(outcome);
    return outcome;
  }

  private IngestOutcome decodeAndStore(
      OtlpEncoding encoding, Workspace workspace, byte[] decoded, int length, int sentLength) {
    Intake intake = workspace.intake;
    boolean stored = false;
    try {
      workspace.otlp().decode(encoding, decoded, length);
      counters.bytes(sentLength, length);
      counters.decoded(intake);
      IngestOutcome outcome = store(intake, WriteMode.PARTIAL).withSuccess(200);
      stored = outcome.status() == 200 || outcome.status() == 400;
      return outcome;
    } finally {
      workspace.otlp().end(stored);
    }
  }

  /** Reads the body into the workspace's buffer; the buffer grows with what really arrives. */
  private int read(InputStream in, Workspace workspace, long contentLength) throws IOException {
    byte[] into = workspace.compressed();
    if (contentLength > into.length) {
      into = workspace.growCompressed((int) contentLength);
    }
    int length = 0;
    while (true) {
      if (length == into.length) {
        int most = limits.compressedBytes() + 1; // one more byte tells that it is too large
        if (length >= most) {
          throw tooLarge();
        }
        if (length == contentLength) {
          return length;
        }
        into = workspace.growCompressed((int) Math.min(most, length * 2L));
      }
      int n = in.read(into, length, into.length - length);
      if (n < 0) {
        break;
      }
      length += n;
    }
    if (length > limits.compressedBytes()) {
      throw tooLarge();
    }
    return length;
  }

  private RequestTooLargeException tooLarge() {
    return new RequestTooLargeException(
        "the request body is over the limit of " + limits.compressedBytes() + " bytes");
  }

  private IngestOutcome decodeAndStore(
      MessageType type, Workspace workspace, byte[] body, int offset, int length, String tenant) {
    long declared = SnappyBlock.declaredLength(body, offset, length);
    if (declared > limits.decodedBytes()) {
      throw new CorruptDataException(
          "snappy block",
          0,
          "declares "
              + declared
              + " decoded bytes, which is over the limit of "
              + limits.decodedBytes());
    }
    long held = length + declared;
    if (!budget.take(held)) {
      return noRoom(new NoRoomException(limits));
    }
    try {
      byte[] decoded = workspace.decoded((int) declared);
      int decodedLength = SnappyBlock.decode(body, offset, length, decoded);
      Intake intake = workspace.intake;
      intake.begin(tenant, clock.millis() + limits.future().toMillis());
      switch (type) {
        case V1 -> workspace.remoteWrite1.decode(decoded, decodedLength);
        case V2 -> workspace.remoteWrite2.decode(decoded, decodedLength);
      }
      counters.bytes(length, decodedLength);
      counters.decoded(intake);
      return store(intake, type == MessageType.V1 ? WriteMode.ALL_OR_NOTHING : WriteMode.PARTIAL);
    } finally {
      budget.giveBack(held);
    }
  }

  private static IngestOutcome noRoom(NoRoomException e) {
    return IngestOutcome.refused(503, message(e), RETRY_SECONDS);
  }

  private IngestOutcome store(Intake intake, WriteMode mode) {
    WriteBatch batch = intake.batch;
    int rows = batch.sampleCount + batch.histogramCount + batch.exemplarCount + batch.metadataCount;
    WriteResult result;
    try {
      boolean nothing = rows == 0 || (whole && intake.refusals.any());
      result = nothing ? new WriteResult(0, 0, 0, 0, List.of(), -1) : append(intake, mode);
    } catch (LateBacklogException e) {
      return IngestOutcome.later(message(e), RETRY_SECONDS);
    } catch (LimitExceededException e) {
      return IngestOutcome.refused(429, message(e), RETRY_SECONDS);
    } catch (NotLeadingException e) {
      throw e; // another node takes the request
    } catch (StorageStoppedException e) {
      return IngestOutcome.refused(503, message(e), RETRY_SECONDS);
    } catch (StaleGenerationException e) {
      return IngestOutcome.refused(
          503, "the head renumbers its series again and again; send the request once more", 1);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a write request failed in the engine", e);
      return IngestOutcome.refused(500, "internal error while storing; the log has details", 0);
    }
    counters.stored(result.samples(), result.histograms(), result.exemplars());
    counters.rejected(Reason.REFUSED_BY_STORE, result.rejected());
    boolean refused = intake.refusals.any() || !result.complete();
    return new IngestOutcome(
        refused ? 400 : 204,
        refused ? refusalText(intake, result) : "",
        0,
        false,
        false,
        result.samples(),
        result.histograms(),
        result.exemplars(),
        result.position());
  }

  private WriteResult append(Intake intake, WriteMode mode) {
    for (int attempt = 1; ; attempt++) {
      try {
        return sink.append(intake.batch, mode);
      } catch (StaleGenerationException e) {
        if (attempt > STALE_RETRIES) {
          throw e;
        }
        counters.resolvedAgain();
        intake.series.resolveAgain();
      }
    }
  }

  private static String refusalText(Intake intake, WriteResult result) {
    List<String> lines = new ArrayList<>(intake.refusals.texts());
    lines.addAll(result.problems());
    long all =
        intake.refusals.samples() + intake.batch.sampleCount + (long) intake.batch.histogramCount;
    long stored = result.samples() + (long) result.histograms();
    lines.add("stored " + stored + " of " + all + " samples");
    return String.join("\n", lines);
  }

  /** The answer to a request that could not be read. */
  private static IngestOutcome refusal(RuntimeException e) {
    if (e instanceof NoRoomException noRoom) {
      return noRoom(noRoom);
    }
    if (e instanceof DeltaPendingException) {
      return IngestOutcome.refused(503, message(e), 1);
    }
    int status =
        switch (e) {
          case UnsupportedContentException unsupported -> 415;
          case RequestTooLargeException tooLarge -> 413;
          case CorruptDataException corrupt -> 400;
          case InvalidTenantException tenant -> 400;
          case OtlpFormatException format -> 400;
          default -> 500;
        };
    if (status == 500) {
      LOG.log(Level.ERROR, "a write request failed", e);
      return IngestOutcome.refused(500, "internal error; the log has details", 0);
    }
    return IngestOutcome.refused(status, message(e), 0);
  }

  private static String message(RuntimeException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }
}
