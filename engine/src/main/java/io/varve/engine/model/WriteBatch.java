package io.varve.engine.model;

import io.varve.engine.format.ByteWriter;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one request writes, as columns: the seam between ingest and engine. Filled by one thread,
 * handed to {@code Engine.append}, reused after {@link #clear}; nothing of it is kept by the
 * engine. No object per sample.
 *
 * <p>First the series of the request, in the order in which it names them ({@link #addSeries}; a
 * label set may come several times), then for each of them samples, histograms and exemplars, which
 * refer to series by their row. The canonical label bytes ({@link Labels}) of every series stay
 * where they are, in the request's buffer, until the append has returned.
 */
public final class WriteBatch {
  /** The id of a series that is not known (yet). */
  public static final int UNKNOWN = -1;

  private static final byte[] NO_BYTES = new byte[0];

  /** The tenant that writes; "" is the default tenant. */
  public String tenant = "";

  /** What the ids in {@link #seriesId} were found under: {@code SeriesLookup.generation()}. */
  public int generation;

  /** Rows in the series columns. */
  public int seriesCount;

  /** Head ids, or {@link #UNKNOWN}. */
  public int[] seriesId = new int[64];

  /** The array that holds a series' canonical label bytes. */
  public byte[][] labelArray = new byte[64][];

  /** Where they begin. */
  public int[] labelOffset = new int[64];

  /** How many they are. */
  public int[] labelLength = new int[64];

  /** Rows in the float sample columns. */
  public int sampleCount;

  /** Row of the sample's series; ascending. */
  public int[] sampleSeries = new int[64];

  /** Milliseconds since the epoch. */
  public long[] sampleTime = new long[64];

  /** Raw bits of the value. */
  public long[] sampleBits = new long[64];

  /** Start timestamps, null while all are 0 = unset. */
  public long @Nullable [] sampleStart;

  /** Rows in the histogram columns. */
  public int histogramCount;

  /** Row of the histogram's series; ascending. */
  public int[] histogramSeries = new int[8];

  /** Milliseconds since the epoch. */
  public long[] histogramTime = new long[8];

  /** Start timestamps, 0 = unset. */
  public long[] histogramStart = new long[8];

  /** Where the encoded histogram ({@link Histogram#encode}) begins in {@link #bytes}. */
  public int[] histogramOffset = new int[8];

  /** Its length. */
  public int[] histogramLength = new int[8];

  /** Rows in the exemplar columns. */
  public int exemplarCount;

  /** Row of the exemplar's series. */
  public int[] exemplarSeries = new int[8];

  /** Milliseconds since the epoch. */
  public long[] exemplarTime = new long[8];

  /** Raw bits of the value. */
  public long[] exemplarBits = new long[8];

  /** Where the exemplar's own labels (canonical bytes) begin in {@link #bytes}. */
  public int[] exemplarOffset = new int[8];

  /** Their length. */
  public int[] exemplarLength = new int[8];

  /** Rows in the metadata columns. */
  public int metadataCount;

  /** Metric (family) names. */
  public String[] metadataMetric = new String[8];

  /** What is said about them. */
  public Metadata[] metadata = new Metadata[8];

  /** Encoded histograms and exemplar labels. */
  public final ByteWriter bytes = new ByteWriter(256);

  /** Rows that may still refer to the buffer of a request before this one. */
  private int commonRows;

  /** An empty batch of the default tenant. */
  public WriteBatch() {}

  /** Forgets everything; keeps the memory. */
  public void clear() {
    tenant = "";
    generation = 0;
    forgetLabelArrays();
    seriesCount = 0;
    sampleCount = 0;
    sampleStart = null;
    histogramCount = 0;
    exemplarCount = 0;
    metadataCount = 0;
    bytes.reset();
  }

  /**
   * Most series of a request have their labels in one buffer, which the next request uses again:
   * the references to it stay in place, because storing one is the dearest part of adding a series
   * (the garbage collector's barrier) and comparing it is not. All others are forgotten.
   */
  @SuppressWarnings("ReferenceEquality") // it is about references
  private void forgetLabelArrays() {
    if (seriesCount == 0) {
      return;
    }
    byte[] common = labelArray[0];
    for (int row = 1; row < seriesCount; row++) {
      if (labelArray[row] != common) {
        labelArray[row] = NO_BYTES;
      }
    }
    if (commonRows > seriesCount && labelArray[commonRows - 1] != common) {
      Arrays.fill(labelArray, seriesCount, commonRows, NO_BYTES); // they hold an older buffer
      commonRows = seriesCount;
    }
    commonRows = Math.max(commonRows, seriesCount);
  }

  /**
   * Adds a series.
   *
   * @param id its head id if known, else {@link #UNKNOWN}
   * @return its row
   */
  @SuppressWarnings("ReferenceEquality") // see forgetLabelArrays
  public int addSeries(int id, byte[] labels, int offset, int length) {
    int row = seriesCount;
    if (row == seriesId.length) {
      seriesId = Arrays.copyOf(seriesId, row * 2);
      labelArray = Arrays.copyOf(labelArray, row * 2);
      labelOffset = Arrays.copyOf(labelOffset, row * 2);
      labelLength = Arrays.copyOf(labelLength, row * 2);
    }
    seriesId[row] = id;
    if (labelArray[row] != labels) {
      labelArray[row] = labels;
    }
    labelOffset[row] = offset;
    labelLength[row] = length;
    seriesCount = row + 1;
    return row;
  }

  /** Adds a series by its labels: the comfortable way of embedding programs. */
  public int addSeries(Labels labels) {
    byte[] canonical = labels.canonical();
    return addSeries(UNKNOWN, canonical, 0, canonical.length);
  }

  /** Adds a float sample. */
  public void addSample(int series, long time, long bits, long start) {
    int row = sampleCount;
    if (row == sampleSeries.length) {
      sampleSeries = Arrays.copyOf(sampleSeries, row * 2);
      sampleTime = Arrays.copyOf(sampleTime, row * 2);
      sampleBits = Arrays.copyOf(sampleBits, row * 2);
      if (sampleStart != null) {
        sampleStart = Arrays.copyOf(sampleStart, row * 2);
      }
    }
    sampleSeries[row] = series;
    sampleTime[row] = time;
    sampleBits[row] = bits;
    if (start != 0 && sampleStart == null) {
      sampleStart = new long[sampleSeries.length];
    }
    if (sampleStart != null) {
      sampleStart[row] = start;
    }
    sampleCount = row + 1;
  }

  /** Adds a float sample of a series given by its labels. */
  public void add(Labels labels, long time, double value) {
    addSample(addSeries(labels), time, Double.doubleToRawLongBits(value), 0);
  }

  /** Adds a histogram of a series. */
  public void addHistogram(int series, long time, Histogram histogram, long start) {
    int from = bytes.size();
    histogram.encode(bytes);
    addEncodedHistogram(series, time, start, from);
  }

  /**
   * Adds the histogram whose encoded bytes were appended to {@link #bytes} from {@code from} on.
   */
  public void addEncodedHistogram(int series, long time, long start, int from) {
    int row = histogramCount;
    if (row == histogramSeries.length) {
      histogramSeries = Arrays.copyOf(histogramSeries, row * 2);
      histogramTime = Arrays.copyOf(histogramTime, row * 2);
      histogramStart = Arrays.copyOf(histogramStart, row * 2);
      histogramOffset = Arrays.copyOf(histogramOffset, row * 2);
      histogramLength = Arrays.copyOf(histogramLength, row * 2);
    }
    histogramSeries[row] = series;
    histogramTime[row] = time;
    histogramStart[row] = start;
    histogramOffset[row] = from;
    histogramLength[row] = bytes.size() - from;
    histogramCount = row + 1;
  }

  /** Adds an exemplar of a series. */
  public void addExemplar(int series, long time, double value, Labels labels) {
    int from = bytes.size();
    labels.writeCanonical(bytes);
    addEncodedExemplar(series, time, Double.doubleToRawLongBits(value), from);
  }

  /**
   * Adds the exemplar whose own labels (canonical bytes) were appended to {@link #bytes} from
   * {@code from} on.
   */
  public void addEncodedExemplar(int series, long time, long bits, int from) {
    int row = exemplarCount;
    if (row == exemplarSeries.length) {
      exemplarSeries = Arrays.copyOf(exemplarSeries, row * 2);
      exemplarTime = Arrays.copyOf(exemplarTime, row * 2);
      exemplarBits = Arrays.copyOf(exemplarBits, row * 2);
      exemplarOffset = Arrays.copyOf(exemplarOffset, row * 2);
      exemplarLength = Arrays.copyOf(exemplarLength, row * 2);
    }
    exemplarSeries[row] = series;
    exemplarTime[row] = time;
    exemplarBits[row] = bits;
    exemplarOffset[row] = from;
    exemplarLength[row] = bytes.size() - from;
    exemplarCount = row + 1;
  }

  /** Adds what is said about a metric. */
  public void addMetadata(String metric, Metadata about) {
    int row = metadataCount;
    if (row == metadataMetric.length) {
      metadataMetric = Arrays.copyOf(metadataMetric, row * 2);
      metadata = Arrays.copyOf(metadata, row * 2);
    }
    metadataMetric[row] = metric;
    metadata[row] = about;
    metadataCount = row + 1;
  }
}
