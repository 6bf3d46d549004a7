package io.varve.ingest.intake;

import io.varve.engine.SeriesLookup;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import org.jspecify.annotations.Nullable;

/**
 * Where a decoder puts what it reads of one request: the batch, with the parts that fill it. One
 * thread at a time; reused from request to request.
 */
public final class Intake {
  private static final byte[] NO_BYTES = new byte[0];
  private static final int LARGE = 1 << 17;
  private static final int MOST_TEXT = 2_000;

  /** What will be appended. */
  public final WriteBatch batch = new WriteBatch();

  /** Recognises series and adds them to the batch. */
  public final SeriesResolver series;

  /** Checks the labels of series that are new. */
  public final LabelCollector labels;

  /** What is left out. */
  public final Refusals refusals = new Refusals();

  private final ByteWriter canonical = new ByteWriter(4_096);
  private final int mostEntries;
  private long latestTime;
  private Reason refused = Reason.INVALID_LABELS;

  /**
   * @param mostEntries samples, histograms, exemplars and metadata of one request, together
   */
  public Intake(
      SeriesLookup lookup,
      ScrapeOrder order,
      AliasCache aliases,
      LabelLimits limits,
      int mostEntries) {
    this.series = new SeriesResolver(lookup, order, aliases, batch);
    this.labels = new LabelCollector(limits);
    this.mostEntries = mostEntries;
  }

  /**
   * Begins a request.
   *
   * @param latestTime samples later than this are refused, milliseconds since the epoch
   */
  public void begin(String tenant, long latestTime) {
    batch.clear();
    refusals.clear();
    canonical.reset();
    this.latestTime = latestTime;
    series.begin(tenant);
  }

  /** Samples later than this are refused, milliseconds since the epoch. */
  public long latestTime() {
    return latestTime;
  }

  /** Room for one more entry, or {@link RequestTooLargeException}. */
  public void checkEntries() {
    long entries =
        (long) batch.sampleCount
            + batch.histogramCount
            + batch.exemplarCount
            + batch.metadataCount
            + refusals.samples();
    if (entries > mostEntries) {
      throw new RequestTooLargeException(
          "the request has more than "
              + mostEntries
              + " samples, histograms, exemplars and metadata entries; send smaller requests");
    }
  }

  /**
   * Adds the series whose labels were collected and that is not known by the bytes it came in.
   *
   * @param wire the bytes that were collected if they are canonical as they stand; else null
   * @return its row, or −1 if its labels are refused, which is then noted
   */
  public int addCollected(byte @Nullable [] wire, int offset, int length) {
    Reason reason = labels.check();
    if (reason != null) {
      refused = reason;
      refusals.tell(refusals.wantsText() ? labels.problem(reason) : "");
      return -1;
    }
    if (wire != null) {
      return series.addNew(wire, offset, length);
    }
    int from = canonical.size();
    labels.writeCanonical(canonical);
    return series.addRewritten(canonical.array(), from, canonical.size() - from);
  }

  /** Says that a series is refused for a reason that was told: its data will be counted so. */
  public void refuseAs(Reason reason) {
    refused = reason;
  }

  /**
   * Adds a float sample to a row, or refuses it.
   *
   * @param row −1 for the series that was refused last
   * @param start its start timestamp, 0 if it has none
   */
  public void addSample(int row, long time, long bits, long start) {
    if (!isInTime(row, time)) {
      return;
    }
    batch.addSample(row, time, bits, start);
    if (batch.sampleCount >= mostEntries) {
      checkEntries();
    }
  }

  /** True if data of this time may be added to the row; else it is refused and counted. */
  public boolean isInTime(int row, long time) {
    if (row >= 0 && time <= latestTime) {
      return true;
    }
    if (row >= 0) {
      refuseFuture(row);
    } else {
      refusals.countSamples(refused, 1);
    }
    checkEntries();
    return false;
  }

  /** Adds an exemplar whose own labels were collected to a row, or leaves it out. */
  public void addExemplar(int row, long time, long bits) {
    if (row < 0 || time > latestTime || !labels.checkExemplar()) {
      refusals.countSilently(Reason.EXEMPLAR);
      return;
    }
    int from = batch.bytes.size();
    labels.writeCanonical(batch.bytes);
    batch.addEncodedExemplar(row, time, bits, from);
    checkEntries();
  }

  private void refuseFuture(int row) {
    refusals.countSamples(Reason.TOO_FAR_IN_FUTURE, 1);
    refusals.tell(
        refusals.wantsText()
            ? "out of bounds: timestamp is too far in the future for series " + seriesText(row)
            : "");
  }

  /** Refuses a histogram of the series in a row. */
  public void refuseHistogram(int row, String problem) {
    refusals.countSamples(Reason.INVALID_HISTOGRAM, 1);
    refusals.tell(refusals.wantsText() ? problem + " for series " + seriesText(row) : "");
  }

  /** The labels of a row as text of bounded length. */
  public String seriesText(int row) {
    String text =
        Labels.fromCanonical(batch.labelArray[row], batch.labelOffset[row], batch.labelLength[row])
            .toString();
    return text.length() > MOST_TEXT ? text.substring(0, MOST_TEXT) + "…" : text;
  }

  /** Takes the row that was added last away again: nothing was written to it. */
  public void removeLastSeries() {
    batch.labelArray[--batch.seriesCount] = NO_BYTES;
  }

  /** True if an unusual request has made the buffers so large that keeping them is waste. */
  public boolean isLarge() {
    return batch.sampleTime.length > LARGE
        || batch.seriesId.length > LARGE
        || batch.histogramTime.length > LARGE
        || batch.exemplarTime.length > LARGE
        || batch.metadata.length > LARGE
        || batch.bytes.array().length > LARGE * 8
        || canonical.array().length > LARGE * 8;
  }
}
