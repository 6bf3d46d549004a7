package io.varve.ingest;

import static io.varve.ingest.ProtoV2.exemplar;
import static io.varve.ingest.ProtoV2.metadata;
import static io.varve.ingest.ProtoV2.sample;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The labels that the metadata of remote write 2.0 gives to series, as Prometheus 3.14 does it. */
final class TypeAndUnitLabelsTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final String V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
  private static final int COUNTER = 1;
  private static final int STATESET = 7;

  private final FakeHead head = new FakeHead();
  private final Ingestor on = ingestor(true);

  private Ingestor ingestor(boolean labels) {
    return new Ingestor(
        head, head, IngestLimits.DEFAULT, labels, InstantSource.fixed(Instant.ofEpochMilli(NOW)));
  }

  private static IngestOutcome write(Ingestor into, Consumer<ProtoV2> content) {
    byte[] body = ProtoV2.request(content).snappy();
    return into.write(body, 0, body.length, V2, "snappy", null);
  }

  private static ProtoV2 series(ProtoV2 r, int type, String unit, String... labels) {
    long[] refs = new long[labels.length];
    for (int i = 0; i < labels.length; i++) {
      refs[i] = r.ref(labels[i]);
    }
    return r.series(
        refs, m -> m.field(2, sample(NOW, 1, 0)).field(5, metadata(type, 0, r.ref(unit))));
  }

  private List<Labels> stored() {
    return head.series.keySet().stream().map(FakeHead.Key::labels).collect(Collectors.toList());
  }

  private void expect(Labels labels, int type, String unit, String... sent) {
    head.series.clear();
    for (int again = 0; again < 2; again++) { // the second time, the series is known
      IngestOutcome outcome = write(on, r -> series(r, type, unit, sent));
      assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
      assertThat(stored()).containsExactly(labels);
    }
  }

  @Test
  void typeAndUnitBecomeLabels() {
    expect(
        Labels.of("__name__", "m", "__type__", "counter", "__unit__", "bytes", "job", "a"),
        COUNTER,
        "bytes",
        "__name__",
        "m",
        "job",
        "a");
    assertThat(head.metadata).isEqualTo(Map.of("m", new Metadata("counter", "bytes", "")));
  }

  @Test
  void onlyWhatIsKnownBecomesALabel() {
    expect(Labels.of("__name__", "m", "__type__", "stateset"), STATESET, "", "__name__", "m");
    expect(Labels.of("__name__", "m", "__unit__", "s"), 0, "s", "__name__", "m");
    expect(Labels.of("__name__", "m", "__unit__", "s"), 4711, "s", "__name__", "m");
    expect(Labels.of("__name__", "m"), 0, "", "__name__", "m");
  }

  @Test
  void metadataWinsOverLabelsThatWereSent() {
    String[] sent = {"__name__", "m", "__type__", "gauge", "__unit__", "s", "job", "a"};
    expect(Labels.of("__name__", "m", "__type__", "counter", "job", "a"), COUNTER, "", sent);
    expect(Labels.of("__name__", "m", "__unit__", "m", "job", "a"), 0, "m", sent);
    expect(
        Labels.of("__name__", "m", "__type__", "gauge", "__unit__", "s", "job", "a"), 0, "", sent);
  }

  @Test
  void labelsInAnyOrderAndNamesThatSortAround() {
    expect(
        Labels.of(
            "Zone",
            "z",
            "__name__",
            "m",
            "__t",
            "1",
            "__type__",
            "counter",
            "__unit__",
            "s",
            "__x",
            "2",
            "job",
            "a"),
        COUNTER,
        "s",
        "Zone",
        "z",
        "__name__",
        "m",
        "__t",
        "1",
        "__x",
        "2",
        "job",
        "a");
    expect(
        Labels.of("__name__", "m", "__type__", "counter", "__unit__", "s", "a", "1", "job", "a"),
        COUNTER,
        "s",
        "job",
        "a",
        "__unit__",
        "x",
        "a",
        "1",
        "__name__",
        "m");
  }

  @Test
  void exemplarsAndOtherSeriesOfTheRequestKeepTheirSymbols() {
    IngestOutcome outcome =
        write(
            on,
            r -> {
              r.series(
                  Labels.of("__name__", "a", "job", "x"),
                  m ->
                      m.field(2, sample(NOW, 1, 0))
                          .field(4, exemplar(NOW, 2, r.ref("trace_id"), r.ref("abc")))
                          .field(5, metadata(COUNTER, 0, r.ref("bytes"))));
              series(r, 2, "", "__name__", "b");
              r.series(Labels.of("__name__", "c"), m -> m.field(2, sample(NOW, 3, 0)));
            });
    assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
    Labels a = Labels.of("__name__", "a", "__type__", "counter", "__unit__", "bytes", "job", "x");
    assertThat(stored())
        .containsExactlyInAnyOrder(
            a, Labels.of("__name__", "b", "__type__", "gauge"), Labels.of("__name__", "c"));
    assertThat(head.of(a).exemplars)
        .containsExactly(new Exemplar(NOW, 2, Labels.of("trace_id", "abc")));
  }

  @Test
  void aReferenceBehindTheRequestsOwnSymbolsIsRefused() {
    IngestOutcome outcome =
        write(on, r -> r.series(new long[] {1, 2, 3, 4}, m -> m.field(2, sample(NOW, 1, 0))));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message()).contains("outside of symbols table (size 1)");
    assertThat(head.series).isEmpty();
  }

  @Test
  void theLimitOfLabelsHoldsForAddedOnesToo() {
    for (int extra : new int[] {125, 126, 127, 128, 129, 130, 131, 140}) {
      String[] sent = new String[2 * (extra + 1)];
      sent[0] = "__name__";
      sent[1] = "m";
      for (int i = 0; i < extra; i++) {
        sent[2 * i + 2] = "l%03d".formatted(i);
        sent[2 * i + 3] = "v";
      }
      head.series.clear();
      IngestOutcome outcome = write(on, r -> series(r, COUNTER, "s", sent));
      if (extra + 3 <= 128) {
        assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
        assertThat(stored().getFirst().size()).isEqualTo(extra + 3);
      } else {
        assertThat(outcome.status()).isEqualTo(400);
        assertThat(outcome.message()).contains("label_limit exceeded");
        assertThat(head.series).isEmpty();
      }
    }
  }

  @Test
  void manyLabelsAreNotCutWhenSomeOfThemAreEmpty() {
    String[] sent = new String[2 * 200];
    for (int i = 0; i < 200; i++) {
      sent[2 * i] = i == 0 ? "__name__" : "l%03d".formatted(i);
      sent[2 * i + 1] = i == 0 || i > 150 ? "v" : "";
    }
    IngestOutcome outcome = write(on, r -> series(r, COUNTER, "s", sent));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message()).contains("label_limit exceeded");
    assertThat(head.series).isEmpty();
  }

  @Test
  void offByDefault() {
    write(ingestor(false), r -> series(r, COUNTER, "bytes", "__name__", "m", "__type__", "x"));
    assertThat(stored()).containsExactly(Labels.of("__name__", "m", "__type__", "x"));
  }
}
