package io.varve.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LabelsDecoderTest {
  private final LabelsDecoder decoder = new LabelsDecoder();

  @Test
  void decodesWhatLabelsDecodes() {
    Random random = new Random(Seeds.usual(4_711));
    for (int i = 0; i < 20_000; i++) {
      Labels labels = random(random);
      byte[] bytes = labels.canonical();
      byte[] within = new byte[bytes.length + 7];
      System.arraycopy(bytes, 0, within, 3, bytes.length);
      assertThat(decoder.decode(within, 3, bytes.length)).isEqualTo(labels);
    }
  }

  private static Labels random(Random random) {
    Labels.Builder builder = new Labels.Builder();
    for (String name : new String[] {"__name__", "a", "b", "ä", "instance", "job"}) {
      if (random.nextInt(4) > 0) {
        builder.add(name, "v".repeat(1 + random.nextInt(200) / 199 * 200) + random.nextInt(4));
      }
    }
    for (int more = random.nextInt(20) == 0 ? 30 : 0; more > 0; more--) {
      builder.add("x" + more, "é" + random.nextInt(3));
    }
    return builder.build();
  }

  @Test
  void equalNamesAndValuesAreOneObject() {
    Labels first = decode(Labels.of("__name__", "up", "instance", "a", "job", "node"));
    Labels second = decode(Labels.of("__name__", "up", "instance", "b", "job", "node"));
    Labels third = decode(Labels.of("instance", "a", "zone", "node"));
    assertThat(second.name(0)).isSameAs(first.name(0));
    assertThat(second.value(0)).isSameAs(first.value(0));
    assertThat(second.name(1)).isSameAs(first.name(1));
    assertThat(second.value(2)).isSameAs(first.value(2));
    assertThat(third.value(0)).isSameAs(first.value(1));
    assertThat(third.value(1)).isSameAs(first.value(2));
    assertThat(decode(Labels.EMPTY)).isSameAs(Labels.EMPTY);
  }

  @Test
  void takesTextsThatSomebodyHolds() {
    Labels held = Labels.of("instance", "a");
    decoder.meet(held);
    Labels decoded = decode(Labels.of("instance", "a", "job", "node"));
    assertThat(decoded.name(0)).isSameAs(held.name(0));
    assertThat(decoded.value(0)).isSameAs(held.value(0));
  }

  @Test
  void countsTextsOnce() {
    decode(Labels.of("instance", "a".repeat(1_000)));
    long one = decoder.bytes();
    assertThat(one).isGreaterThan(1_000);
    decode(Labels.of("instance", "a".repeat(1_000)));
    assertThat(decoder.bytes() - one).isBetween(1L, 100L);
  }

  @Test
  void refusesWhatIsCutOff() {
    byte[] bytes = Labels.of("instance", "a", "job", "node").canonical();
    decoder.decode(bytes, 0, bytes.length);
    for (int length = 1; length < bytes.length; length++) {
      int cut = length;
      if (cut == Labels.of("instance", "a").canonical().length) {
        continue;
      }
      assertThatThrownBy(() -> decoder.decode(bytes, 0, cut))
          .as("%d bytes", cut)
          .isInstanceOf(CorruptDataException.class);
    }
    assertThat(decoder.decode(bytes, 0, bytes.length).value(1)).isEqualTo("node");
  }

  private Labels decode(Labels labels) {
    byte[] bytes = labels.canonical();
    return decoder.decode(bytes, 0, bytes.length);
  }
}
