package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.SharedData;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What blocks of a real node_exporter cost, and that they come back. */
class CaptureTest {
  private static double[][] series = new double[0][];

  /** Series as columns; a row in which a series was absent is no sample of it. */
  @BeforeAll
  static void readCapture() throws IOException {
    byte[] file = Files.readAllBytes(SharedData.path("data/node_exporter.cap"));
    int headerBytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt();
    byte[] content =
        new InflaterInputStream(new ByteArrayInputStream(file, 4, file.length - 4)).readAllBytes();
    String header = new String(content, 0, headerBytes, StandardCharsets.UTF_8);
    Matcher matcher = Pattern.compile("\"rows\": *(\\d+)").matcher(header);
    assertThat(matcher.find()).isTrue();
    int rows = Integer.parseInt(matcher.group(1));
    DoubleBuffer cells =
        ByteBuffer.wrap(content, headerBytes, content.length - headerBytes)
            .slice()
            .order(ByteOrder.LITTLE_ENDIAN)
            .asDoubleBuffer();
    int width = cells.remaining() / rows;
    series = new double[width][rows];
    for (int row = 0; row < rows; row++) {
      for (int s = 0; s < width; s++) {
        series[s][row] = cells.get(row * width + s);
      }
    }
  }

  @Test
  void rowsOfOneSecond() {
    assertThat(bytesPerSample(1, 480, false)).isLessThanOrEqualTo(0.42);
  }

  @Test
  void rowsOfFifteenSeconds() {
    assertThat(bytesPerSample(15, 480, false)).isLessThanOrEqualTo(0.55);
  }

  @Test
  void smallerBlocksCostLittleMore() {
    assertThat(bytesPerSample(1, 240, false)).isLessThanOrEqualTo(0.42);
    assertThat(bytesPerSample(1, 120, false)).isLessThanOrEqualTo(0.42);
    assertThat(bytesPerSample(15, 120, false)).isLessThanOrEqualTo(0.55);
  }

  @Test
  void openTails() {
    assertThat(bytesPerSample(1, 64, true)).isLessThanOrEqualTo(0.5);
    assertThat(bytesPerSample(15, 64, true)).isLessThanOrEqualTo(0.6);
  }

  private static double bytesPerSample(int every, int blockSamples, boolean fast) {
    FloatBlockEncoder encoder = new FloatBlockEncoder();
    FloatBlockDecoder decoder = new FloatBlockDecoder();
    byte[] bytes = new byte[encoder.maxBytes(blockSamples)];
    double[] block = new double[blockSamples];
    double[] back = new double[blockSamples];
    long total = 0;
    long samples = 0;
    for (double[] column : series) {
      int n = 0;
      for (int row = 0; row < column.length; row += every) {
        if (!Double.isNaN(column[row])) {
          block[n++] = column[row];
        }
        if (n == blockSamples || (n > 0 && row + every >= column.length)) {
          int end =
              fast
                  ? encoder.encodeFast(block, 0, n, bytes, 0)
                  : encoder.encode(block, 0, n, bytes, 0);
          decoder.decode(bytes, 0, end, n, back, 0);
          if (Arrays.mismatch(block, 0, n, back, 0, n) >= 0) {
            throw new AssertionError("a block came back otherwise");
          }
          total += end;
          samples += n;
          n = 0;
        }
      }
    }
    System.out.printf(
        "CaptureTest: every %d s, blocks of %d%s: %.4f B/sample%n",
        every, blockSamples, fast ? " (fast)" : "", (double) total / samples);
    return (double) total / samples;
  }
}
