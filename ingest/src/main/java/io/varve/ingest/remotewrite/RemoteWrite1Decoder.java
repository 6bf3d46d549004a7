package io.varve.ingest.remotewrite;

import io.varve.engine.model.Metadata;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.LabelCollector;
import io.varve.ingest.intake.Reason;
import io.varve.ingest.intake.Refusals;
import io.varve.ingest.intake.SeriesResolver;
import io.varve.ingest.protobuf.ProtoReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Walks a {@code prometheus.WriteRequest} into an {@link Intake}, without an object per series or
 * sample.
 *
 * <p>The walk has two gaits. The fast one knows how senders really write: a series is its label
 * fields, then one sample of a double and a six-byte timestamp, and its labels are those that
 * followed the last time. It works on plain indices and checks whole patterns with one load. As
 * soon as anything is different it hands the field to {@link ProtoReader}, which knows all that
 * protobuf allows: any order, padded varints, fields that are not known, labels between the
 * samples.
 *
 * <p>The body must be followed by {@link #SLACK} readable bytes in its array, so that a load of
 * eight bytes near the end needs no check of its own; what such a load returns from there is never
 * used. Not thread-safe; reused.
 */
public final class RemoteWrite1Decoder {
  /** Bytes after the body that may be read, and are ignored. */
  public static final int SLACK = 32;

  private static final String SOURCE = "prometheus.WriteRequest";
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  // Tags: field number ≪ 3 | wire type.
  private static final int TIME_SERIES = 1 << 3 | 2;
  private static final int METADATA = 3 << 3 | 2;
  private static final int LABEL = 1 << 3 | 2;
  private static final int SAMPLE = 2 << 3 | 2;
  private static final int EXEMPLAR = 3 << 3 | 2;
  private static final int HISTOGRAM = 4 << 3 | 2;
  private static final int SAMPLE_VALUE = 1 << 3 | 1;
  private static final int SAMPLE_TIME = 2 << 3;

  // How a sample begins, its bytes as a little-endian number: tag, length, tag of what follows.
  private static final int WITH_VALUE = SAMPLE_VALUE << 16 | 16 << 8 | SAMPLE;
  private static final int WITHOUT_VALUE = SAMPLE_TIME << 16 | 7 << 8 | SAMPLE;

  // How it ends: a tag and a varint of six bytes, as all times between 1971 and 2109 are.
  private static final int TIME_FIELD = 7;
  private static final long TIME_FIELD_BITS = 0xFF_FFFF_FFFF_FFFFL;
  private static final long TIME_PATTERN_BITS = 0x80_8080_8080_80FFL;
  private static final long TIME_PATTERN = 0x00_8080_8080_8000L | SAMPLE_TIME;

  // What a series message holds.
  private static final int HAS_LABELS = 1;
  private static final int HAS_SAMPLES = 2;
  private static final int HAS_EXEMPLARS = 4;

  private final ProtoReader in = new ProtoReader(SOURCE);
  private final LabelFields labelFields = new LabelFields(SOURCE);
  private final HistogramDecoder histograms = new HistogramDecoder();
  private final Intake intake;
  private final WriteBatch batch;
  private final SeriesResolver series;
  private final LabelCollector labels;
  private final Refusals refusals;
  private byte[] body = new byte[0];
  private long timeField; // the timestamp that was read last, as it stood in the body
  private long time;

  /** A decoder that writes to {@code intake}. */
  public RemoteWrite1Decoder(Intake intake) {
    this.intake = intake;
    this.batch = intake.batch;
    this.series = intake.series;
    this.labels = intake.labels;
    this.refusals = intake.refusals;
  }

  /**
   * Decodes the body {@code [0, length)} of an array.
   *
   * @throws io.varve.engine.format.CorruptDataException if it is not such a message
   * @throws io.varve.ingest.intake.RequestTooLargeException if it holds too much
   */
  public void decode(byte[] array, int length) {
    if (array.length - length < SLACK) {
      throw new IllegalArgumentException("no slack after the body");
    }
    body = array;
    timeField = 0;
    time = 0;
    int at = 0;
    while (at < length) {
      if (array[at] == TIME_SERIES) {
        int size = array[at + 1];
        int start = at + 2;
        if (size < 0 && array[at + 2] >= 0) {
          size = (size & 0x7F) | array[at + 2] << 7;
          start++;
        }
        if (size >= 0 && size <= length - start) {
          at = start + size;
          timeSeries(start, at);
          continue;
        }
      }
      at = field(at, length);
    }
    body = new byte[0];
  }

  /** One field of the request, by the book; returns where it ends. */
  private int field(int at, int end) {
    in.on(body, at, end);
    int tag = in.tag();
    switch (tag >>> 3) {
      case TIME_SERIES >>> 3 -> {
        in.expect(tag, ProtoReader.LENGTH_DELIMITED, "timeseries");
        int size = in.length();
        int start = in.at();
        timeSeries(start, start + size);
        return start + size;
      }
      case METADATA >>> 3 -> {
        in.expect(tag, ProtoReader.LENGTH_DELIMITED, "metadata");
        int outer = in.enter();
        metadata();
        in.leave(outer);
      }
      default -> in.skip(tag);
    }
    return in.at();
  }

  private void timeSeries(int start, int end) {
    if (start < end && body[start] == LABEL) {
      int length = series.predictedLength(body, start, end);
      if (length > 0) {
        int at = start + length;
        int timeAt = timeOfUsualSample(at, end);
        if (timeAt > 0 && timeAt + TIME_FIELD == end) {
          usualSample(series.addPredicted(body, start, length), at, timeAt);
          return;
        }
        int kinds = kinds(at, end);
        if ((kinds & HAS_LABELS) == 0) {
          if (kinds != 0) {
            data(series.addPredicted(body, start, length), at, end, kinds);
          }
          return;
        }
      } else {
        int at = endOfLabels(start, end);
        int kinds = kinds(at, end);
        if ((kinds & HAS_LABELS) == 0) {
          data(labelRun(start, at, kinds), at, end, kinds);
          return;
        }
      }
    }
    scattered(start, end);
  }

  /** Where the label fields that begin at {@code start} end. */
  private int endOfLabels(int start, int end) {
    int at = start;
    while (at < end && body[at] == LABEL) {
      int size = body[at + 1];
      int next = at + 2;
      if (size < 0 || size > end - next) {
        in.on(body, at + 1, end);
        size = in.length();
        next = in.at();
      }
      at = next + size;
    }
    return at;
  }

  /** Which kinds of fields there are; checks that they are whole. */
  private int kinds(int start, int end) {
    int kinds = 0;
    in.on(body, start, end);
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case LABEL >>> 3 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "labels");
          kinds |= HAS_LABELS;
        }
        case SAMPLE >>> 3 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "samples");
          kinds |= HAS_SAMPLES;
        }
        case EXEMPLAR >>> 3 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "exemplars");
          kinds |= HAS_EXEMPLARS;
        }
        case HISTOGRAM >>> 3 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "histograms");
          kinds |= HAS_SAMPLES;
        }
        default -> {}
      }
      in.skip(tag);
    }
    return kinds;
  }

  /** The row of a series whose labels stand together, or −1 if nothing is to be written to it. */
  private int labelRun(int start, int end, int kinds) {
    if (kinds == 0) {
      labels.begin(body);
      labelFields.collect(body, start, end, labels); // must be protobuf all the same
      return -1;
    }
    int row = series.addKnown(body, start, end - start);
    if (row >= 0) {
      return row;
    }
    labels.begin(body);
    boolean plain = labelFields.collect(body, start, end, labels);
    boolean canonical = plain && labels.cameInOrder();
    row = addCollected(canonical ? body : null, start, end - start, kinds);
    if (row >= 0 && !canonical) {
      series.rememberAlias(row, body, start, end - start);
    }
    return row;
  }

  /** A series whose labels do not stand together at its beginning, or that has none. */
  private void scattered(int start, int end) {
    int kinds = kinds(start, end);
    labels.begin(body);
    int at = start;
    while (at < end) {
      in.on(body, at, end);
      int tag = in.tag();
      in.skip(tag);
      if (tag >>> 3 == LABEL >>> 3) {
        labelFields.collect(body, at, in.at(), labels);
      }
      at = in.at();
    }
    int row = (kinds & ~HAS_LABELS) == 0 ? -1 : addCollected(null, 0, 0, kinds);
    data(row, start, end, kinds);
  }

  private int addCollected(byte @Nullable [] wire, int at, int length, int kinds) {
    if ((kinds & HAS_SAMPLES) == 0 && labels.check() != null) {
      return -1; // exemplars alone; nothing is lost that would be worth a 400
    }
    int row = intake.addCollected(wire, at, length);
    if (row >= 0 && (kinds & HAS_SAMPLES) == 0 && batch.seriesId[row] < 0) {
      intake.removeLastSeries(); // exemplars do not make a series
      return -1;
    }
    return row;
  }

  /** The data fields of a series; they are checked, but not kept, if its row is −1. */
  private void data(int row, int start, int end, int kinds) {
    int samples = batch.sampleCount;
    int histogramsBefore = batch.histogramCount;
    int exemplars = batch.exemplarCount;
    int at = start;
    while (at < end) {
      int timeAt = timeOfUsualSample(at, end);
      if (timeAt > 0) {
        usualSample(row, at, timeAt);
        at = timeAt + TIME_FIELD;
        continue;
      }
      in.on(body, at, end);
      int tag = in.tag();
      switch (tag >>> 3) {
        case SAMPLE >>> 3 -> {
          int outer = in.enter();
          sample(row);
          in.leave(outer);
        }
        case EXEMPLAR >>> 3 -> {
          int outer = in.enter();
          exemplar(row);
          in.leave(outer);
        }
        case HISTOGRAM >>> 3 -> {
          int outer = in.enter();
          histograms.decode(in, false);
          in.leave(outer);
          histograms.addTo(intake, row);
        }
        default -> in.skip(tag);
      }
      at = in.at();
    }
    if (row >= 0
        && batch.sampleCount == samples
        && batch.histogramCount == histogramsBefore
        && ((kinds & HAS_SAMPLES) != 0 || batch.exemplarCount == exemplars)) {
      batch.exemplarCount = exemplars; // all samples were refused: no trace of the series
      intake.removeLastSeries();
    }
  }

  /**
   * Where the tag of the timestamp is, if a sample in one of its two usual forms begins here (the
   * value 0 is not written at all); else −1. The timestamp ends the sample, {@link #TIME_FIELD}
   * bytes on.
   */
  private int timeOfUsualSample(int at, int end) {
    int head = (int) (long) LONG.get(body, at) & 0xFF_FFFF;
    int timeAt;
    if (head == WITH_VALUE) {
      timeAt = at + 11;
    } else if (head == WITHOUT_VALUE) {
      timeAt = at + 2;
    } else {
      return -1;
    }
    long field = (long) LONG.get(body, timeAt);
    return timeAt + TIME_FIELD <= end && (field & TIME_PATTERN_BITS) == TIME_PATTERN ? timeAt : -1;
  }

  private void usualSample(int row, int at, int timeAt) {
    long bits = timeAt == at + 2 ? 0 : (long) LONG.get(body, at + 3);
    long field = (long) LONG.get(body, timeAt) & TIME_FIELD_BITS;
    if (field != timeField) { // most samples of a scrape share their timestamp
      timeField = field;
      time = decodeTime(field >>> 8);
    }
    intake.addSample(row, time, bits, 0);
  }

  private static long decodeTime(long varint) {
    return (varint & 0x7F)
        | (varint >>> 1 & 0x7FL << 7)
        | (varint >>> 2 & 0x7FL << 14)
        | (varint >>> 3 & 0x7FL << 21)
        | (varint >>> 4 & 0x7FL << 28)
        | (varint >>> 5 & 0x7FL << 35);
  }

  /** A sample in any form that protobuf allows; the reader stands in it. */
  private void sample(int row) {
    long bits = 0;
    long sampleTime = 0;
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case SAMPLE_VALUE >>> 3 -> {
          in.expect(tag, ProtoReader.FIXED64, "value");
          bits = in.fixed64();
        }
        case SAMPLE_TIME >>> 3 -> {
          in.expect(tag, ProtoReader.VARINT, "timestamp");
          sampleTime = in.varint();
        }
        default -> in.skip(tag);
      }
    }
    intake.addSample(row, sampleTime, bits, 0);
  }

  /** An exemplar; the reader stands in it. */
  private void exemplar(int row) {
    labels.begin(body);
    long bits = 0;
    long exemplarTime = 0;
    while (!in.atEnd()) {
      int at = in.at();
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "exemplar labels");
          in.skip(tag);
          labelFields.collect(body, at, in.at(), labels);
        }
        case 2 -> {
          in.expect(tag, ProtoReader.FIXED64, "exemplar value");
          bits = in.fixed64();
        }
        case 3 -> {
          in.expect(tag, ProtoReader.VARINT, "exemplar timestamp");
          exemplarTime = in.varint();
        }
        default -> in.skip(tag);
      }
    }
    intake.addExemplar(row, exemplarTime, bits);
  }

  /** One {@code MetricMetadata}; the reader stands in it. */
  private void metadata() {
    int type = 0;
    String metric = "";
    String help = "";
    String unit = "";
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> {
          in.expect(tag, ProtoReader.VARINT, "metadata type");
          type = (int) in.varint();
        }
        case 2 -> metric = text(tag, "metric_family_name");
        case 4 -> help = text(tag, "help");
        case 5 -> unit = text(tag, "unit");
        default -> in.skip(tag);
      }
    }
    if (metric.isEmpty() || batch.metadataCount >= MetricTypes.MOST_METADATA) {
      refusals.countSilently(Reason.METADATA);
      return;
    }
    batch.addMetadata(metric, new Metadata(MetricTypes.name(type), unit, help));
  }

  private String text(int tag, String field) {
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, field);
    int length = in.length();
    int at = in.at();
    in.pass(length);
    return MetricTypes.text(body, at, length);
  }
}
