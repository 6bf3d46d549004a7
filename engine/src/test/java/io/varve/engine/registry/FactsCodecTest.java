package io.varve.engine.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.GoldenBytes;
import io.varve.engine.model.Metadata;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Values carry their checksum. */
final class FactsCodecTest {
  private final FactsCodec codec = new FactsCodec();

  @Test
  void theExampleOfThePackageDescription() {
    byte[] key = HexFormat.ofDelimiter(" ").parseHex("54 61");
    byte[] value =
        HexFormat.ofDelimiter(" ")
            .parseHex("CD FC 1A C6 03 00 00 00 00 00 00 00 F4 01 00 00 00 00 00 00");
    assertThat(codec.tenantKey("a")).isEqualTo(key);
    assertThat(codec.value(key, new Registry.Usage(3, 500))).isEqualTo(value);
    assertThat(codec.sound(key, value)).isTrue();
    assertThat(FactsCodec.usage(value)).isEqualTo(new Registry.Usage(3, 500));
    assertThat(FactsCodec.tenantOf(key)).isEqualTo("a");
  }

  /** A key, a value, and what they say, as version 1 once wrote them. */
  @Test
  void aMetricOfVersionOne() {
    byte[] key = GoldenBytes.hex("4d 04 7465616d c3bc 5f62797465735f746f74616c");
    byte[] value =
        GoldenBytes.hex(
            "4bbd019e00ecb5a39a01000001ecb5a39a0100000107636f756e74657205"
                + "6279746573074772c3bcc39f65");
    MetricFacts facts =
        new MetricFacts(
            new Metadata("counter", "bytes", "Grüße"), 1_763_683_200_000L, 1_763_683_200_001L);
    assertThat(codec.metricKey("team", "ü_bytes_total")).isEqualTo(key);
    assertThat(codec.value(key, facts)).isEqualTo(value);
    assertThat(codec.sound(key, value)).isTrue();
    assertThat(FactsCodec.metricFacts(value)).isEqualTo(facts);
    assertThat(FactsCodec.metricOf(key, "team")).isEqualTo("ü_bytes_total");
  }

  @Test
  void anyFlippedBitIsNoticedInValueAndKey() {
    byte[] key = codec.metricKey("tenant", "metric");
    MetricFacts facts = new MetricFacts(new Metadata("counter", "bytes", "helpful"), 5, 6);
    byte[] value = codec.value(key, facts);
    assertThat(FactsCodec.metricFacts(value)).isEqualTo(facts);
    assertThat(FactsCodec.metricOf(key, "tenant")).isEqualTo("metric");
    assertThat(FactsCodec.metricOf(key, "tenan")).isNull();
    for (int bit = 0; bit < value.length * 8; bit++) {
      value[bit >> 3] ^= (byte) (1 << (bit & 7));
      assertThat(codec.sound(key, value)).as("bit " + bit).isFalse();
      value[bit >> 3] ^= (byte) (1 << (bit & 7));
    }
    for (int bit = 0; bit < key.length * 8; bit++) {
      key[bit >> 3] ^= (byte) (1 << (bit & 7));
      assertThat(codec.sound(key, value)).as("key bit " + bit).isFalse();
      key[bit >> 3] ^= (byte) (1 << (bit & 7));
    }
    assertThat(codec.sound(key, new byte[3])).isFalse();
  }
}
