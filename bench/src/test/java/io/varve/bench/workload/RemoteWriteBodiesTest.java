package io.varve.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small capture becomes bodies that the real ingest reads as the replay rule says. */
final class RemoteWriteBodiesTest {
  private static final int ROWS = 10;
  private static final String HEADER =
      """
      {"series": ["up", "c_total{path=\\"a\\\\\\\\b\\",q=\\"x\\\\\\"y\\"}", "s_sum", "gone"],
       "types": {"up": "gauge", "c_total": "counter", "s": "summary"},
       "rows": 10, "step": 1.0}
      """;

  @TempDir Path dir;

  private static double recorded(int series, int row) {
    return switch (series) {
      case 0 -> row % 2;
      case 1 -> 100.25 + row;
      case 2 -> row / 10.0;
      default -> row == 3 ? 7 : Double.NaN;
    };
  }

  private Capture capture() throws IOException {
    Path file = dir.resolve("small.cap");
    byte[] header = HEADER.getBytes(StandardCharsets.UTF_8);
    ByteBuffer rows = ByteBuffer.allocate(ROWS * 4 * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < ROWS; row++) {
      for (int s = 0; s < 4; s++) {
        rows.putDouble(recorded(s, row));
      }
    }
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(header.length).array());
      try (DeflaterOutputStream zlib = new DeflaterOutputStream(out)) {
        zlib.write(header);
        zlib.write(rows.array());
      }
    }
    return Capture.read(file);
  }

  @Test
  void aCaptureIsReadWithItsLabelsAndTypes() throws IOException {
    Capture capture = capture();
    assertThat(capture.series())
        .containsExactly(
            new Capture.Series("up", List.of(), false),
            new Capture.Series("c_total", List.of("path", "a\\b", "q", "x\"y"), true),
            new Capture.Series("s_sum", List.of(), true),
            new Capture.Series("gone", List.of(), false));
    assertThat(capture.rows()).isEqualTo(ROWS);
    assertThat(capture.value(1, 9)).isEqualTo(109.25);
    assertThat(capture.gain(1)).isEqualTo(9);
    assertThat(capture.decimals(1)).isEqualTo(2);
    assertThat(capture.value(3, 0)).isNaN();
  }

  @Test
  void bodiesReplayTheFleet() throws IOException {
    Capture capture = capture();
    RemoteWriteBodies.Fleet fleet =
        new RemoteWriteBodies.Fleet(3, 15_000, 1_000_000_000_000L, 0, 7);
    RemoteWriteBodies bodies = new RemoteWriteBodies(capture, fleet);
    List<RemoteWriteBodies.Body> all = new ArrayList<>();
    for (int step = 0; step < 4; step++) {
      bodies.step(step, all::add);
    }
    RemoteWriteBodies.Body last = bodies.last(true);
    assertThat(all).allMatch(body -> body.samples() == 7);
    if (last != null) {
      all.add(last);
    }
    StoredSamples stored = new StoredSamples(Protocol.V1);
    for (RemoteWriteBodies.Body body : all) {
      stored.write(body.bytes(), body.samples());
    }
    for (int host = 0; host < 3; host++) {
      for (int s = 0; s < 4; s++) {
        TreeMap<Long, Double> expected = new TreeMap<>();
        for (int step = 0; step < 4; step++) {
          int at = step * 15 + 137 * host % ROWS;
          double value = recorded(s, at % ROWS);
          if (s == 1) {
            value += 9 * (at / ROWS);
          } else if (s == 2) {
            value = Math.round(value * 10 + 9 * (at / ROWS)) / 10.0;
          }
          if (!Double.isNaN(value)) {
            expected.put(1_000_000_000_000L + step * 15_000L + host * 5_000L, value);
          }
        }
        assertThat(stored.bySeries.getOrDefault(labels(capture, s, host), new TreeMap<>()))
            .as("series %d of host %d", s, host)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void theSameArgumentsGiveTheSameBytes() throws IOException {
    RemoteWriteBodies.Fleet fleet = new RemoteWriteBodies.Fleet(2, 1_000, 1_000_000_000_000L, 3, 5);
    List<byte[]> first = new ArrayList<>();
    List<byte[]> second = new ArrayList<>();
    new RemoteWriteBodies(capture(), fleet).step(1, b -> first.add(b.bytes()));
    new RemoteWriteBodies(capture(), fleet).step(1, b -> second.add(b.bytes()));
    assertThat(first).isNotEmpty().containsExactlyElementsOf(second);
  }

  private static Labels labels(Capture capture, int series, int host) {
    Labels.Builder labels =
        new Labels.Builder()
            .add("__name__", capture.series().get(series).metric())
            .add("job", "node")
            .add("instance", "host-%05d.example:9100".formatted(host))
            .add("zone", "zone-" + (char) ('a' + host));
    List<String> own = capture.series().get(series).labels();
    for (int i = 0; i < own.size(); i += 2) {
      labels.add(own.get(i), own.get(i + 1));
    }
    return labels.build();
  }
}
