package io.varve.ingest.remotewrite;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.LabelCollector;
import io.varve.ingest.intake.Reason;
import io.varve.ingest.intake.RequestTooLargeException;
import io.varve.ingest.intake.SeriesResolver;
import io.varve.ingest.protobuf.ProtoReader;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Walks an {@code io.prometheus.write.v2.Request} into an {@link Intake}, without an object per
 * series or sample.
 *
 * <p>In remote write 2.0 every string of a request stands once in its symbol table, and series name
 * their labels by numbers in it. So a first pass notes where the symbols are; the second one writes
 * the labels of each series out in the form of canonical bytes, which is what series are recognised
 * by. A sender that sorts its labels, as it must, gets canonical bytes that way; only a series that
 * is not known is checked and, if need be, sorted.
 *
 * <p>What is wrong with one series refuses that series alone, in the words of Prometheus; bytes
 * that are not protobuf refuse the request. Not thread-safe; reused.
 */
public final class RemoteWrite2Decoder {
  private static final String SOURCE = "io.prometheus.write.v2.Request";
  private static final int MOST_SYMBOLS = 1_000_000;

  /** Label bytes of a request, written out: a few bytes of references can name long symbols. */
  private static final int MOST_LABEL_BYTES = 64 << 20;

  private static final int LARGE = 1 << 17;
  private static final int MOST_REFS_SHOWN = 40;
  private static final int IDENTITY_REFS = 4; // name and value of the type's and the unit's label

  private final ProtoReader in = new ProtoReader(SOURCE);
  private final HistogramDecoder histograms = new HistogramDecoder();
  private final RecentMetadata recentMetadata = new RecentMetadata();
  private final ByteWriter written = new ByteWriter(4_096);
  private final Intake intake;
  private final WriteBatch batch;
  private final SeriesResolver series;
  private final LabelCollector labels;
  private byte[] body = new byte[0];
  private int[] symbolAt = new int[256];
  private int[] symbolLength = new int[256];
  private int symbols;
  private int[] refs = new int[64];
  private int refCount; // all that were sent
  private int keptRefs; // of them those in refs
  private final int mostRefs;
  private final boolean typeAndUnitLabels;
  private int ownSymbols; // the first of those that the request does not have
  private int dataFields;
  private int metadataType;
  private int helpRef;
  private int unitRef;
  private boolean hasMetadata;

  /**
   * A decoder that writes to {@code intake}.
   *
   * @param typeAndUnitLabels true if the type and the unit of a series become labels of it
   */
  public RemoteWrite2Decoder(Intake intake, boolean typeAndUnitLabels) {
    this.intake = intake;
    this.batch = intake.batch;
    this.series = intake.series;
    this.labels = intake.labels;
    this.mostRefs = 2 * labels.most() + 2; // more cannot be accepted anyway
    this.typeAndUnitLabels = typeAndUnitLabels;
  }

  /**
   * Decodes the body {@code [0, length)} of an array.
   *
   * @throws io.varve.engine.format.CorruptDataException if it is not such a message
   * @throws RequestTooLargeException if it holds too much
   */
  public void decode(byte[] array, int length) {
    body = array;
    symbols = 0;
    written.reset();
    recentMetadata.begin(batch.tenant, intake.latestTime());
    in.on(array, 0, length);
    while (!in.atEnd()) {
      int tag = in.tag();
      if (tag >>> 3 == 4) {
        in.expect(tag, ProtoReader.LENGTH_DELIMITED, "symbols");
        int size = in.length();
        addSymbol(in.at(), size);
        in.pass(size);
      } else {
        in.skip(tag);
      }
    }
    if (typeAndUnitLabels) {
      addOwnSymbols(length);
    }
    int at = 0;
    while (at < length) {
      in.on(body, at, length);
      int tag = in.tag();
      if (tag >>> 3 == 5) {
        in.expect(tag, ProtoReader.LENGTH_DELIMITED, "timeseries");
        int size = in.length();
        int start = in.at();
        at = start + size;
        timeSeries(start, at);
      } else {
        in.skip(tag);
        at = in.at();
      }
    }
  }

  /** True if an unusual request has made the buffers so large that keeping them is waste. */
  public boolean isLarge() {
    return symbolAt.length > LARGE || written.array().length > 16 * LARGE;
  }

  private void addSymbol(int at, int length) {
    if (symbols == MOST_SYMBOLS) {
      throw new RequestTooLargeException(
          "the request has more than " + MOST_SYMBOLS + " symbols; send smaller requests");
    }
    putSymbol(symbols, at, length);
    symbols++;
  }

  private void putSymbol(int number, int at, int length) {
    if (number == symbolAt.length) {
      symbolAt = Arrays.copyOf(symbolAt, number * 2);
      symbolLength = Arrays.copyOf(symbolLength, number * 2);
    }
    symbolAt[number] = at;
    symbolLength[number] = length;
  }

  /**
   * Puts the words of {@link IdentityLabels} behind the body and numbers them behind the request's
   * symbols, where no reference of the request may point to.
   */
  private void addOwnSymbols(int length) {
    int words = IdentityLabels.bytes();
    if (body.length - length < words) {
      body = Arrays.copyOf(body, length + words);
    }
    ownSymbols = symbols;
    int at = length;
    for (int i = 0; i < IdentityLabels.count(); i++) {
      byte[] word = IdentityLabels.word(i);
      System.arraycopy(word, 0, body, at, word.length);
      putSymbol(ownSymbols + i, at, word.length);
      at += word.length;
    }
  }

  private void timeSeries(int start, int end) {
    readReferences(start, end);
    int row = addSeries();
    data(row, start, end);
  }

  /** First pass over a series: label references and metadata, which may stand anywhere in it. */
  private void readReferences(int start, int end) {
    refCount = 0;
    keptRefs = 0;
    dataFields = 0;
    hasMetadata = false;
    metadataType = 0;
    helpRef = 0;
    unitRef = 0;
    in.on(body, start, end);
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> refs(tag);
        case 2, 3 -> {
          dataFields++;
          in.skip(tag);
        }
        case 5 -> metadata(tag);
        default -> in.skip(tag);
      }
    }
  }

  /** Repeated uint32, packed or one by one. */
  private void refs(int tag) {
    if ((tag & 7) == ProtoReader.VARINT) {
      addRef((int) in.varint());
      return;
    }
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, "labels_refs");
    int outer = in.enter();
    while (!in.atEnd()) {
      addRef((int) in.varint());
    }
    in.leave(outer);
  }

  private void addRef(int ref) {
    if (keptRefs < mostRefs) {
      if (keptRefs == refs.length) {
        refs = Arrays.copyOf(refs, keptRefs * 2);
      }
      refs[keptRefs++] = ref;
    }
    refCount++;
  }

  private void metadata(int tag) {
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, "metadata");
    hasMetadata = true;
    int outer = in.enter();
    while (!in.atEnd()) {
      int t = in.tag();
      switch (t >>> 3) {
        case 1 -> metadataType = varint(t, "metadata type");
        case 3 -> helpRef = varint(t, "help_ref");
        case 4 -> unitRef = varint(t, "unit_ref");
        default -> in.skip(t);
      }
    }
    in.leave(outer);
  }

  private int varint(int tag, String field) {
    in.expect(tag, ProtoReader.VARINT, field);
    return (int) in.varint();
  }

  /** The row of the series whose references were read, or −1 if it is refused, which is told. */
  private int addSeries() {
    String problem = refProblem();
    if (problem != null) {
      return refuse("parsing labels for series " + refText() + ": " + problem);
    }
    if (isOutside(unitRef) || isOutside(helpRef)) {
      boolean unit = isOutside(unitRef);
      return refuse(
          "parsing metadata for series "
              + refText()
              + ": metadata "
              + (unit ? "unit_ref " : "help_ref ")
              + Integer.toUnsignedString(unit ? unitRef : helpRef)
              + " outside of symbols table (size "
              + symbols
              + ")");
    }
    if (typeAndUnitLabels && keptRefs == refCount) {
      addIdentity();
    }
    int row = resolve();
    if (row < 0) {
      return -1;
    }
    if (dataFields == 0) {
      if (intake.refusals.wantsText()) {
        intake.refusals.tell(
            "TimeSeries must contain at least one sample or histogram for series "
                + intake.seriesText(row));
      } else {
        intake.refusals.tell("");
      }
      intake.refuseAs(Reason.INVALID_LABELS);
      intake.removeLastSeries();
      return -1;
    }
    if (hasMetadata) {
      addMetadata();
    }
    return row;
  }

  /**
   * Gives the series the labels {@code __type__} and {@code __unit__} that its metadata asks for,
   * instead of those that it may have been sent with. A series without metadata keeps its own.
   */
  private void addIdentity() {
    int type = IdentityLabels.type(metadataType);
    boolean hasUnit = symbolLength[unitRef] > 0;
    if (type < 0 && !hasUnit) {
      return;
    }
    if (refCount + IDENTITY_REFS > refs.length) {
      refs = Arrays.copyOf(refs, refCount + IDENTITY_REFS);
    }
    int kept = 0;
    int place = 0; // behind all names that sort before the two
    for (int i = 0; i < refCount; i += 2) {
      int order = compareToType(refs[i]);
      if (order == 0 || isUnit(refs[i])) {
        continue;
      }
      refs[kept] = refs[i];
      refs[kept + 1] = refs[i + 1];
      kept += 2;
      if (order < 0) {
        place = kept;
      }
    }
    int added = (type < 0 ? 0 : 2) + (hasUnit ? 2 : 0);
    System.arraycopy(refs, place, refs, place + added, kept - place);
    refCount = kept + added;
    keptRefs = refCount;
    if (type >= 0) {
      refs[place++] = ownSymbols + IdentityLabels.TYPE;
      refs[place++] = ownSymbols + type;
    }
    if (hasUnit) {
      refs[place++] = ownSymbols + IdentityLabels.UNIT;
      refs[place] = unitRef;
    }
  }

  private int compareToType(int name) {
    byte[] type = IdentityLabels.word(IdentityLabels.TYPE);
    int at = symbolAt[name];
    return Arrays.compareUnsigned(body, at, at + symbolLength[name], type, 0, type.length);
  }

  private boolean isUnit(int name) {
    byte[] unit = IdentityLabels.word(IdentityLabels.UNIT);
    int at = symbolAt[name];
    return Arrays.equals(body, at, at + symbolLength[name], unit, 0, unit.length);
  }

  private int refuse(String problem) {
    intake.refusals.tell(problem);
    intake.refuseAs(Reason.INVALID_LABELS);
    return -1;
  }

  private @Nullable String refProblem() {
    if (refCount % 2 != 0) {
      return "invalid labelRefs length " + refCount;
    }
    for (int i = 0; i < keptRefs; i += 2) {
      if (isOutside(refs[i]) || isOutside(refs[i + 1])) {
        return "labelRefs "
            + Integer.toUnsignedString(refs[i])
            + " (name) = "
            + Integer.toUnsignedString(refs[i + 1])
            + " (value) outside of symbols table (size "
            + symbols
            + ")";
      }
    }
    return null;
  }

  private boolean isOutside(int ref) {
    return Integer.compareUnsigned(ref, symbols) >= 0;
  }

  private String refText() {
    if (!intake.refusals.wantsText()) {
      return "";
    }
    StringBuilder out = new StringBuilder("[");
    int shown = Math.min(keptRefs, MOST_REFS_SHOWN);
    for (int i = 0; i < shown; i++) {
      out.append(i == 0 ? "" : " ").append(Integer.toUnsignedString(refs[i]));
    }
    return out.append(shown < refCount ? " …]" : "]").toString();
  }

  private int resolve() {
    int from = written.size();
    boolean fits = keptRefs == refCount && writeLabels(from);
    int length = written.size() - from;
    byte[] bytes = written.array();
    if (fits && length > 0) {
      int predicted = series.predictedLength(bytes, from, from + length);
      if (predicted == length) {
        return series.addPredicted(bytes, from, length);
      }
      int row = series.addKnown(bytes, from, length);
      if (row >= 0) {
        return row;
      }
    }
    collect();
    boolean canonical = fits && labels.isSorted();
    int row = intake.addCollected(canonical ? bytes : null, from, length);
    if (row >= 0 && !canonical) {
      series.rememberAlias(row, bytes, from, length);
    }
    if (row < 0 || !canonical) {
      written.truncate(from);
    }
    return row;
  }

  /** Writes the labels out in the order in which they were sent; false if they are too long. */
  private boolean writeLabels(int from) {
    int most = labels.mostBytes();
    for (int i = 0; i < refCount; i += 2) {
      int name = refs[i];
      int value = refs[i + 1];
      int valueLength = symbolLength[value];
      if (valueLength == 0) {
        continue;
      }
      int nameLength = symbolLength[name];
      if (nameLength > most || valueLength > most) {
        return false;
      }
      written.u8(0x0A);
      written.varint(
          2L
              + ProtoReader.varintBytes(nameLength)
              + nameLength
              + ProtoReader.varintBytes(valueLength)
              + valueLength);
      written.u8(0x0A);
      written.varint(nameLength);
      written.bytes(body, symbolAt[name], nameLength);
      written.u8(0x12);
      written.varint(valueLength);
      written.bytes(body, symbolAt[value], valueLength);
      if (written.size() - from > most) {
        return false;
      }
    }
    if (written.size() > MOST_LABEL_BYTES) {
      throw new RequestTooLargeException(
          "the labels of the request's series take more than "
              + MOST_LABEL_BYTES
              + " bytes; send smaller requests");
    }
    return true;
  }

  private void collect() {
    labels.begin(body);
    for (int i = 0; i + 1 < keptRefs; i += 2) {
      addLabel(refs[i], refs[i + 1]);
    }
    labels.leaveOut((refCount - keptRefs) / 2);
  }

  private void addLabel(int name, int value) {
    labels.add(symbolAt[name], symbolLength[name], symbolAt[value], symbolLength[value]);
  }

  private void addMetadata() {
    if (metadataType == 0 && symbolLength[helpRef] == 0 && symbolLength[unitRef] == 0) {
      return;
    }
    for (int i = 0; i < refCount; i += 2) {
      int name = refs[i];
      if (LabelCollector.isMetricName(body, symbolAt[name], symbolLength[name])) {
        int metric = refs[i + 1];
        if (batch.metadataCount >= MetricTypes.MOST_METADATA) {
          intake.refusals.countSilently(Reason.METADATA);
        } else if (recentMetadata.isNew(
            body,
            symbolAt[metric],
            symbolLength[metric],
            metadataType,
            symbolAt[helpRef],
            symbolLength[helpRef],
            symbolAt[unitRef],
            symbolLength[unitRef])) {
          batch.addMetadata(
              MetricTypes.family(
                  MetricTypes.text(body, symbolAt[metric], symbolLength[metric]), metadataType),
              new Metadata(
                  MetricTypes.name(metadataType),
                  MetricTypes.text(body, symbolAt[unitRef], symbolLength[unitRef]),
                  MetricTypes.text(body, symbolAt[helpRef], symbolLength[helpRef])));
        }
        return;
      }
    }
  }

  /** Second pass over a series: its data; checked, but not kept, if the row is −1. */
  private void data(int row, int start, int end) {
    int samples = batch.sampleCount;
    int histogramsBefore = batch.histogramCount;
    int exemplars = batch.exemplarCount;
    int at = start;
    while (at < end) {
      in.on(body, at, end);
      int tag = in.tag();
      switch (tag >>> 3) {
        case 2 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "samples");
          int outer = in.enter();
          sample(row);
          in.leave(outer);
        }
        case 3 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "histograms");
          int outer = in.enter();
          histograms.decode(in, true);
          in.leave(outer);
          histograms.addTo(intake, row);
        }
        case 4 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "exemplars");
          int outer = in.enter();
          exemplar(row);
          in.leave(outer);
        }
        default -> in.skip(tag);
      }
      at = in.at();
    }
    if (row >= 0 && batch.sampleCount == samples && batch.histogramCount == histogramsBefore) {
      batch.exemplarCount = exemplars; // all samples were refused: no trace of the series
      intake.removeLastSeries();
    }
  }

  private void sample(int row) {
    long bits = 0;
    long time = 0;
    long startTime = 0;
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> {
          in.expect(tag, ProtoReader.FIXED64, "value");
          bits = in.fixed64();
        }
        case 2 -> {
          in.expect(tag, ProtoReader.VARINT, "timestamp");
          time = in.varint();
        }
        case 3 -> {
          in.expect(tag, ProtoReader.VARINT, "start_timestamp");
          startTime = in.varint();
        }
        default -> in.skip(tag);
      }
    }
    intake.addSample(row, time, bits, startTime);
  }

  private void exemplar(int row) {
    refCount = 0; // those of the series are not needed any more
    keptRefs = 0;
    long bits = 0;
    long time = 0;
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> refs(tag);
        case 2 -> {
          in.expect(tag, ProtoReader.FIXED64, "exemplar value");
          bits = in.fixed64();
        }
        case 3 -> {
          in.expect(tag, ProtoReader.VARINT, "exemplar timestamp");
          time = in.varint();
        }
        default -> in.skip(tag);
      }
    }
    String problem = refProblem();
    if (problem != null && row >= 0) {
      intake.refusals.countSilently(Reason.EXEMPLAR);
      intake.refusals.tell(
          intake.refusals.wantsText()
              ? "parsing exemplar for series " + intake.seriesText(row) + ": " + problem
              : "");
      return;
    }
    if (problem != null || keptRefs < refCount) {
      intake.refusals.countSilently(Reason.EXEMPLAR);
      return;
    }
    collect();
    intake.addExemplar(row, time, bits);
  }
}
