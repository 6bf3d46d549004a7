package io.varve.engine.registry;

import static org.assertj.core.api.Assertions.assertThat;

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
