package io.varve.ingest.remotewrite;

import io.varve.engine.model.Metadata;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.Reason;
import io.varve.ingest.protobuf.ProtoReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
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

  // Timestamps between 1971 and 2109 are varints of six bytes.
  private static final int TIME_BYTES = 6;
  private static final long TIME_MASK = 0xFFFF_FFFF_FFFFL;
  private static final long TIME_CONTINUES = 0x8080_8080_8080L;
  private static final long TIME_CONTINUES_SO = 0x0080_8080_8080L;

  // What a series message holds.
  private static final int HAS_LABELS = 1;
  private static final int HAS_SAMPLES = 2;
  private static final int HAS_EXEMPLARS = 4;

  private final ProtoReader in = new ProtoReader(SOURCE);
  private final LabelFields labelFields = new LabelFields(SOURCE);
  private final HistogramDecoder histograms = new HistogramDecoder();
  private final Intake intake;
  private byte[] body = new byte[0];
  private long timeBytes; // the timestamp that was read last, as it stood in the body
  private long time;

  /** A decoder that writes to {@code intake}. */
  public RemoteWrite1Decoder(Intake intake) {
    this.intake = intake;
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
    timeBytes = 0;
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
          series(start, at);
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
        series(start, start + size);
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

  private void series(int start, int end) {
    if (start < end && body[start] == LABEL) {
      int length = intake.series.predictedLength(body, start, end);
      if (length > 0) {
        int at = start + length;
        if (isLoneSample(at, end)) {
          loneSample(intake.series.addPredicted(body, start, length), at, end);
          return;
        }
        int kinds = kinds(at, end);
        if ((kinds & HAS_LABELS) == 0) {
          if (kinds != 0) {
            data(intake.series.addPredicted(body, start, length), at, end, kinds);
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
      intake.labels.begin(body);
      labelFields.collect(body, start, end, intake.labels); // must be protobuf all the same
      return -1;
    }
    int row = intake.series.addKnown(body, start, end - start);
    if (row >= 0) {
      return row;
    }
    intake.labels.begin(body);
    boolean plain = labelFields.collect(body, start, end, intake.labels);
    boolean canonical = plain && intake.labels.cameInOrder();
    row = addCollected(canonical ? body : null, start, end - start, kinds);
    if (row >= 0 && !canonical) {
      intake.series.rememberAlias(row, body, start, end - start);
    }
    return row;
  }

  /** A series whose labels do not stand together at its beginning, or that has none. */
  private void scattered(int start, int end) {
    int kinds = kinds(start, end);
    intake.labels.begin(body);
    int at = start;
    while (at < end) {
      in.on(body, at, end);
      int tag = in.tag();
      in.skip(tag);
      if (tag >>> 3 == LABEL >>> 3) {
        labelFields.collect(body, at, in.at(), intake.labels);
      }
      at = in.at();
    }
    int row = (kinds & ~HAS_LABELS) == 0 ? -1 : addCollected(null, 0, 0, kinds);
    data(row, start, end, kinds);
  }

  private int addCollected(byte @Nullable [] wire, int at, int length, int kinds) {
    if ((kinds & HAS_SAMPLES) == 0 && intake.labels.check() != null) {
      return -1; // exemplars alone; nothing is lost that would be worth a 400
    }
    int row = intake.addCollected(wire, at, length);
    if (row >= 0 && (kinds & HAS_SAMPLES) == 0 && intake.batch.seriesId[row] < 0) {
      intake.removeLastSeries(); // exemplars do not make a series
      return -1;
    }
    return row;
  }

  /** The data fields of a series; they are checked, but not kept, if its row is −1. */
  private void data(int row, int start, int end, int kinds) {
    int samples = intake.batch.sampleCount;
    int histogramsBefore = intake.batch.histogramCount;
    int exemplars = intake.batch.exemplarCount;
    int at = start;
    while (at < end) {
      if (isSample(at, end)) {
        int size = body[at + 1];
        loneSample(row, at, at + 2 + size);
        at += 2 + size;
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
          histogram(row);
        }
        default -> in.skip(tag);
      }
      at = in.at();
    }
    if (row >= 0
        && intake.batch.sampleCount == samples
        && intake.batch.histogramCount == histogramsBefore
        && ((kinds & HAS_SAMPLES) != 0 || intake.batch.exemplarCount == exemplars)) {
      intake.batch.exemplarCount = exemplars; // all samples were refused: no trace of the series
      intake.removeLastSeries();
    }
  }

  /** True if exactly one sample in its usual form stands between here and the end. */
  private boolean isLoneSample(int at, int end) {
    return isSample(at, end) && at + 2 + body[at + 1] == end;
  }

  /** True if a sample in one of its two usual forms begins here: zero is not written at all. */
  private boolean isSample(int at, int end) {
    if (body[at] != SAMPLE) {
      return false;
    }
    int size = body[at + 1];
    int timeAt;
    if (size == 10 + TIME_BYTES && body[at + 2] == SAMPLE_VALUE && body[at + 11] == SAMPLE_TIME) {
      timeAt = at + 12;
    } else if (size == 1 + TIME_BYTES && body[at + 2] == SAMPLE_TIME) {
      timeAt = at + 3;
    } else {
      return false;
    }
    return timeAt + TIME_BYTES <= end
        && ((long) LONG.get(body, timeAt) & TIME_CONTINUES) == TIME_CONTINUES_SO;
  }

  /** A sample for which {@link #isSample} holds. */
  private void loneSample(int row, int at, int end) {
    int timeAt = end - TIME_BYTES;
    long bits = timeAt == at + 3 ? 0 : (long) LONG.get(body, at + 3);
    long bytes = (long) LONG.get(body, timeAt) & TIME_MASK;
    if (bytes != timeBytes) { // most samples of a scrape share their timestamp
      timeBytes = bytes;
      time =
          (bytes & 0x7F)
              | (bytes >>> 1 & 0x7FL << 7)
              | (bytes >>> 2 & 0x7FL << 14)
              | (bytes >>> 3 & 0x7FL << 21)
              | (bytes >>> 4 & 0x7FL << 28)
              | (bytes >>> 5 & 0x7FL << 35);
    }
    addSample(row, time, bits);
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
    addSample(row, sampleTime, bits);
  }

  private void addSample(int row, long sampleTime, long bits) {
    if (row >= 0 && sampleTime <= intake.latestTime()) {
      intake.batch.addSample(row, sampleTime, bits, 0);
      if (intake.batch.sampleCount < intake.mostEntries()) {
        return;
      }
    } else if (row >= 0) {
      intake.refuseFuture(row);
    } else {
      intake.refusals.countSamples(intake.refused(), 1);
    }
    intake.checkEntries();
  }

  private void histogram(int row) {
    if (row < 0) {
      intake.refusals.countSamples(intake.refused(), 1);
    } else if (histograms.time() > intake.latestTime()) {
      intake.refuseFuture(row);
    } else {
      String problem = histograms.problem();
      if (problem != null) {
        intake.refuseHistogram(row, problem);
      } else {
        histograms.addTo(intake.batch, row);
      }
    }
    intake.checkEntries();
  }

  /** An exemplar; the reader stands in it. */
  private void exemplar(int row) {
    intake.labels.begin(body);
    long bits = 0;
    long exemplarTime = 0;
    while (!in.atEnd()) {
      int at = in.at();
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "exemplar labels");
          in.skip(tag);
          labelFields.collect(body, at, in.at(), intake.labels);
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
    if (row < 0 || exemplarTime > intake.latestTime() || !intake.labels.checkExemplar()) {
      intake.refusals.countSilently(Reason.EXEMPLAR);
      return;
    }
    int from = intake.batch.bytes.size();
    intake.labels.writeCanonical(intake.batch.bytes);
    intake.batch.addEncodedExemplar(row, exemplarTime, bits, from);
    intake.checkEntries();
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
    if (metric.isEmpty() || intake.batch.metadataCount >= MetricTypes.MOST_METADATA) {
      intake.refusals.countSilently(Reason.METADATA);
      return;
    }
    intake.batch.addMetadata(metric, new Metadata(MetricTypes.name(type), unit, help));
  }

  private String text(int tag, String field) {
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, field);
    int length = in.length();
    int at = in.at();
    in.pass(length);
    int shown = Math.min(length, MetricTypes.MOST_TEXT_BYTES);
    return new String(body, at, shown, StandardCharsets.UTF_8);
  }
}
