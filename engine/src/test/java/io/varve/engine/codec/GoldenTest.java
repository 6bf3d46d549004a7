package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.codec.GoldenFiles.Case;
import io.varve.engine.model.Histogram;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks that version 1 wrote once are read, and written the same, for ever. */
class GoldenTest {
  private static List<Case> cases(String file) throws IOException {
    try (InputStream in = GoldenTest.class.getResourceAsStream("/golden/codec/v1/" + file)) {
      assertThat(in).as(file).isNotNull();
      List<Case> cases =
          GoldenFiles.read(
              new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines().toList());
      assertThat(cases).hasSizeGreaterThan(5);
      return cases;
    }
  }

  private static <C> void check(Case golden, BlockContract<C> codec, C values) {
    byte[] block = golden.block();
    C back = codec.decode(block, 0, block.length, golden.count());
    assertThat(codec.same(back, values)).as("%s is read", golden).isTrue();
    if (Codecs.ENCODER_VERSION == 1) {
      assertThat(codec.encode(values)).as("%s is written the same", golden).isEqualTo(block);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "float-12.txt",
        "float-150.txt",
        "fast-64.txt",
        "integer-140.txt",
        "time-60.txt",
        "histogram-20.txt"
      })
  void blocksOfVersionOne(String file) throws IOException {
    FloatBlockTest floats = new FloatBlockTest();
    FloatBlockFastTest fast = new FloatBlockFastTest();
    LongBlockTest integers = new LongBlockTest();
    TimeColumnTest times = new TimeColumnTest();
    HistogramBlockTest histograms = new HistogramBlockTest();
    for (Case golden : cases(file)) {
      switch (golden.kind()) {
        case "float" -> check(golden, floats, GoldenFiles.doubles(golden.values()));
        case "fast" -> check(golden, fast, GoldenFiles.doubles(golden.values()));
        case "integer" -> check(golden, integers, GoldenFiles.longs(golden.values()));
        case "time" -> check(golden, times, GoldenFiles.longs(golden.values()));
        default -> {
          Histogram[] samples = GoldenFiles.histograms(golden.values(), golden.count());
          check(golden, histograms, samples);
        }
      }
    }
  }
}
