package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.head.HeadScratch;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Log records of version 1 are read, and written the same, for ever. */
final class RecordGoldenTest {
  private static final String FILE = "log/v1/records.txt";
  private static final long T = GoldenHead.T;

  private final ByteWriter out = new ByteWriter(64);
  private Map<String, byte[]> golden = Map.of();

  @BeforeEach
  void read() throws IOException {
    golden = GoldenBytes.lines(FILE);
  }

  /** Encodes a batch whose series are all new. */
  static byte[] encode(WriteBatch batch, WriteRecord.Encoder encoder, int newSeries) {
    int[] rows = new int[newSeries];
    for (int i = 0; i < newSeries; i++) {
      rows[i] = i;
    }
    int[] ids = new int[batch.sampleCount];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = batch.seriesId[batch.sampleSeries[i]];
    }
    int[] histograms = new int[batch.histogramCount];
    for (int i = 0; i < histograms.length; i++) {
      histograms[i] = i;
    }
    return encoder
        .encode(
            batch,
            rows,
            newSeries,
            0,
            ids,
            batch.sampleTime,
            batch.sampleBits,
            batch.sampleStart,
            ids.length,
            histograms,
            histograms.length)
        .toByteArray();
  }

  /** One sample of one new series. */
  static WriteBatch one() {
    WriteBatch batch = new WriteBatch();
    int up = batch.addSeries(Labels.of("__name__", "up"));
    batch.seriesId[up] = 0;
    batch.addSample(up, 1000, Double.doubleToRawLongBits(42), 0);
    return batch;
  }

  /** So many samples of a series that they are logged as columns. */
  static WriteBatch columns() {
    WriteBatch batch = new WriteBatch();
    batch.tenant = GoldenHead.TENANT;
    int up = batch.addSeries(GoldenHead.UP);
    batch.seriesId[up] = 0;
    for (int i = 0; i < 30; i++) {
      long bits = Double.doubleToRawLongBits(i % 7 / 4.0 + i);
      batch.addSample(up, T + 15_000L * (i + 1) + i % 2, bits, 0);
    }
    return batch;
  }

  private static OpenHead decode(WriteRecord.Decoder decoder, OpenHead open, byte[] record) {
    List<String> told = new ArrayList<>();
    long lost =
        decoder.decode(
            record,
            0,
            record.length,
            "golden",
            0,
            open,
            (tenant, metric, about) -> told.add(tenant + "/" + metric + " " + about));
    assertThat(lost).isZero();
    if (!open.head().metadata().isEmpty()) {
      assertThat(told)
          .containsExactly(
              GoldenHead.TENANT
                  + "/rpc_seconds "
                  + new Metadata("histogram", "seconds", "Latency of ü"));
    }
    return open;
  }

  @Test
  void theExampleOfAWrite() {
    byte[] record =
        GoldenBytes.hex(
            """
            00
            01 00 10 0A 0E 0A 08 5F 5F 6E 61 6D 65 5F 5F 12 02 75 70
            0C 00 01 00 03 D0 0F 00 01 01 31 45 40
            00 00 00 00
            """);
    assertThat(encode(one(), new WriteRecord.Encoder(), 1)).isEqualTo(record);
    OpenHead open = decode(new WriteRecord.Decoder(), GoldenHead.empty(), record);
    assertThat(GoldenHead.describe(open))
        .containsExactly(
            "0  {__name__=\"up\"} newest 1000 4045000000000000",
            "  0 1000 4045000000000000 start 0");
  }

  @Test
  void writesOfEveryKind() {
    WriteRecord.Encoder encoder = new WriteRecord.Encoder();
    byte[] first = golden("write");
    byte[] second = golden("write, the same again in the segment");
    assertThat(encode(GoldenHead.everyKind(), encoder, 2)).isEqualTo(first);
    assertThat(encode(GoldenHead.everyKind(), encoder, 0)).isEqualTo(second);
    WriteRecord.Decoder decoder = new WriteRecord.Decoder();
    OpenHead open = decode(decoder, GoldenHead.empty(), first);
    OpenHead expected = GoldenHead.empty();
    GoldenHead.add(expected, GoldenHead.UP);
    GoldenHead.add(expected, GoldenHead.RPC);
    GoldenHead.apply(expected);
    assertThat(GoldenHead.describe(open)).isEqualTo(GoldenHead.describe(expected)).hasSize(8);
    decode(decoder, open, second);
    GoldenHead.apply(expected);
    assertThat(GoldenHead.describe(open)).isEqualTo(GoldenHead.describe(expected)).hasSize(13);
  }

  @Test
  void aBackfill() {
    byte[] record = golden("write, columns");
    WriteBatch batch = columns();
    assertThat(encode(batch, new WriteRecord.Encoder(), 1)).isEqualTo(record);
    OpenHead open = decode(new WriteRecord.Decoder(), GoldenHead.empty(), record);
    SampleColumns rows = new SampleColumns();
    open.head().read(0, rows, new HeadScratch());
    assertThat(rows.size).isEqualTo(30);
    for (int i = 0; i < rows.size; i++) {
      assertThat(rows.times[i]).isEqualTo(batch.sampleTime[i]);
      assertThat(Double.doubleToRawLongBits(rows.values[i])).isEqualTo(batch.sampleBits[i]);
    }
  }

  private byte[] golden(String name) {
    return Objects.requireNonNull(golden.get(name), name);
  }

  private byte[] written(Runnable encode) {
    out.reset();
    encode.run();
    return out.toByteArray();
  }

  @Test
  void theExampleOfADelete() {
    byte[] record = GoldenBytes.hex("01 61 01 D0 0F 02 00 03 6A 6F 62 01 78 03 01 69 02 79 2B");
    Delete delete =
        new Delete(
            9,
            "a",
            List.of(
                new Matcher(Matcher.Type.EQ, "job", "x"), new Matcher(Matcher.Type.NRE, "i", "y+")),
            new TimeRange(-1, 1000));
    checkDelete(record, delete);
  }

  @Test
  void aDeleteWithItsTimeAMergeThatKeepsDeletesAndAnUndelete() {
    Delete delete =
        new Delete(9, "", List.of(Matcher.equal("a", "b")), new TimeRange(0, 1000), 2000);
    checkDelete(GoldenBytes.hex("00 00 D0 0F 01 00 01 61 01 62 A0 1F"), delete);
    Records.Merge merge = new Records.Merge(1000, 300, 2000);
    byte[] record = GoldenBytes.hex("D0 0F AC 02 A0 1F");
    assertThat(written(() -> merge.encode(out))).isEqualTo(record);
    assertThat(Records.Merge.decode(new ByteReader(record, "golden"))).isEqualTo(merge);
    Records.Undelete undelete = new Records.Undelete(300, 2000);
    record = GoldenBytes.hex("AC 02 A0 1F");
    assertThat(written(() -> undelete.encode(out))).isEqualTo(record);
    assertThat(Records.Undelete.decode(new ByteReader(record, "golden"))).isEqualTo(undelete);
  }

  private void checkDelete(byte[] record, Delete delete) {
    ByteReader in = new ByteReader(record, "golden");
    assertThat(Records.decodeDelete(delete.position(), in)).isEqualTo(delete);
    assertThat(in.atEnd()).isTrue();
    byte[] again =
        written(
            () ->
                Records.encodeDelete(
                    delete.tenant(), delete.matchers(), delete.range(), delete.atMillis(), out));
    assertThat(again).isEqualTo(record);
  }

  static Delete delete() {
    return new Delete(
        1L << 40,
        GoldenHead.TENANT,
        List.of(
            new Matcher(Matcher.Type.EQ, "__name__", "up"),
            new Matcher(Matcher.Type.NEQ, "job", ""),
            new Matcher(Matcher.Type.RE, "zone", "ü.*"),
            new Matcher(Matcher.Type.NRE, "host", "a|b")),
        new TimeRange(T, T + GoldenHead.DAY));
  }

  static Records.Flush flushAll() {
    return new Records.Flush(true, true, 1024, List.of());
  }

  static Records.Flush flushLate() {
    return new Records.Flush(false, false, 16, List.of(-GoldenHead.DAY, 0L, T));
  }

  @Test
  void decisions() {
    for (Map.Entry<String, Records.Flush> flush :
        Map.of("flush, everything", flushAll(), "flush, late", flushLate()).entrySet()) {
      byte[] record = golden(flush.getKey());
      ByteReader in = new ByteReader(record, "golden");
      assertThat(Records.Flush.decode(in)).isEqualTo(flush.getValue());
      assertThat(in.atEnd()).isTrue();
      assertThat(written(() -> flush.getValue().encode(out))).isEqualTo(record);
    }
    checkDelete(golden("delete"), delete());
    for (String name : List.of("merge", "drop")) {
      byte[] record = golden(name);
      ByteReader in = new ByteReader(record, "golden");
      long window = Records.decodeWindow(in);
      assertThat(window).isEqualTo(name.equals("merge") ? T : -GoldenHead.DAY);
      assertThat(in.atEnd()).isTrue();
      assertThat(written(() -> Records.encodeWindow(window, out))).isEqualTo(record);
    }
  }

  @Test
  void numbersOfTheTypes() {
    assertThat(List.of(Records.WRITE, Records.FLUSH, Records.DELETE, Records.MERGE, Records.DROP))
        .containsExactly(1, 2, 3, 4, 5);
  }
}
