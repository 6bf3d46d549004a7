package io.varve.ingest;

import static io.varve.ingest.Proto.label;
import static io.varve.ingest.Proto.message;
import static io.varve.ingest.Proto.sample;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.ingest.remotewrite.JoinedBody;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Random requests, written by protobuf's own encoder in every order and spelling that protobuf
 * allows, arrive as they were meant. The seed is in the message of a failure.
 */
final class RemoteWrite1RoundTripTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final int ROUNDS = 40;
  private static final int REQUESTS = 12;

  private record Expected(
      Map<Labels, TreeMap<Long, Long>> samples,
      Map<Labels, TreeMap<Long, Histogram>> histograms,
      Map<Labels, List<Exemplar>> exemplars) {}

  @Test
  void randomRequestsArriveBitForBit() {
    long base = Seeds.usual(1);
    for (int round = 0; round < ROUNDS; round++) {
      long seed = base + round;
      Random random = new Random(seed);
      FakeHead head = new FakeHead();
      Ingestor ingestor =
          new Ingestor(
              head, head, IngestLimits.DEFAULT, InstantSource.fixed(Instant.ofEpochMilli(NOW)));
      Expected expected = new Expected(new HashMap<>(), new HashMap<>(), new HashMap<>());
      List<Labels> pool = pool(random);
      for (int i = 0; i < REQUESTS; i++) {
        byte[] body = request(random, pool, expected).snappy();
        if (random.nextInt(3) == 0) {
          body = joined(body, request(random, pool, expected).snappy());
        }
        if (random.nextInt(4) == 0) {
          head.renumber();
        }
        if (random.nextInt(6) == 0) {
          head.renumberBeforeAppends(1);
        }
        IngestOutcome outcome = ingestor.write(body, 0, body.length, null, null, null);
        assertThat(outcome.status()).as("seed %d: %s", seed, outcome.message()).isEqualTo(204);
      }
      Map<Labels, TreeMap<Long, Long>> samples = new HashMap<>();
      Map<Labels, TreeMap<Long, Histogram>> histograms = new HashMap<>();
      Map<Labels, List<Exemplar>> exemplars = new HashMap<>();
      head.series.forEach(
          (key, stored) -> {
            if (!stored.samples.isEmpty()) {
              samples.put(key.labels(), stored.samples);
            }
            if (!stored.histograms.isEmpty()) {
              histograms.put(key.labels(), stored.histograms);
            }
            if (!stored.exemplars.isEmpty()) {
              exemplars.put(key.labels(), stored.exemplars);
            }
          });
      assertThat(samples).as("seed %d", seed).isEqualTo(expected.samples);
      assertThat(histograms).as("seed %d", seed).isEqualTo(expected.histograms);
      assertThat(exemplars).as("seed %d", seed).isEqualTo(expected.exemplars);
    }
  }

  private static byte[] joined(byte[]... bodies) {
    JoinedBody joined = new JoinedBody(Long.MAX_VALUE);
    for (byte[] body : bodies) {
      assertThat(joined.add(body, 0, body.length)).isTrue();
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(joined.beginning());
    joined.parts().forEach(part -> out.write(part.bytes(), part.offset(), part.length()));
    return out.toByteArray();
  }

  private static List<Labels> pool(Random random) {
    List<Labels> pool = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Labels.Builder labels = new Labels.Builder().add("__name__", word(random, 1 + i % 60) + i);
      int n = random.nextInt(12);
      for (int l = 0; l < n; l++) {
        labels.set(word(random, 5) + l, word(random, 1 + random.nextInt(150)));
      }
      pool.add(labels.build());
    }
    return pool;
  }

  private static String word(Random random, int length) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < length; i++) {
      if (random.nextInt(40) == 0) {
        out.appendCodePoint(0x80 + random.nextInt(0xD000));
      } else if (random.nextInt(80) == 0) {
        out.appendCodePoint(0x10000 + random.nextInt(0x10000));
      } else {
        out.append((char) ('a' + random.nextInt(26)));
      }
    }
    return out.toString();
  }

  private static Proto request(Random random, List<Labels> pool, Expected expected) {
    int from = random.nextInt(pool.size());
    int count = random.nextInt(pool.size());
    int messy = random.nextInt(3); // 0: as Prometheus writes, 1: sometimes not, 2: mostly not
    return message(
        m -> {
          for (int i = 0; i < count; i++) {
            Labels labels = pool.get((from + i) % pool.size());
            m.field(1, series(random, labels, expected, messy > 0 && random.nextInt(3) < messy));
            if (messy > 0 && random.nextInt(5) == 0) {
              noise(m, random);
            }
          }
        });
  }

  private static Proto series(Random random, Labels labels, Expected expected, boolean messy) {
    List<Proto> labelFields = new ArrayList<>();
    for (int i = 0; i < labels.size(); i++) {
      String name = labels.name(i);
      String value = labels.value(i);
      labelFields.add(
          messy && random.nextInt(4) == 0
              ? message(l -> l.string(2, value).string(1, name))
              : label(name, value));
    }
    if (messy) {
      if (random.nextBoolean()) {
        labelFields.add(label("zzz", ""));
      }
      Collections.shuffle(labelFields, random);
    }
    List<Proto> fields = new ArrayList<>();
    for (Proto l : labelFields) {
      fields.add(message(f -> f.field(1, l)));
    }
    int data = messy || random.nextInt(5) == 0 ? random.nextInt(5) : 1;
    List<Proto> dataFields = new ArrayList<>();
    for (int i = 0; i < data; i++) {
      dataFields.add(data(random, labels, expected, messy));
    }
    fields.addAll(dataFields);
    if (messy && random.nextBoolean()) {
      // Order among labels, and among data, stays; labels and data mix.
      List<Proto> mixed = new ArrayList<>();
      int a = 0;
      int b = 0;
      while (a < labelFields.size() || b < dataFields.size()) {
        if (b == dataFields.size() || (a < labelFields.size() && random.nextBoolean())) {
          mixed.add(fields.get(a++));
        } else {
          mixed.add(dataFields.get(b++));
        }
      }
      fields = mixed;
    }
    List<Proto> order = fields;
    return message(
        m -> {
          for (Proto f : order) {
            m.raw(f.toByteArray());
            if (messy && random.nextInt(6) == 0) {
              noise(m, random);
            }
          }
        });
  }

  private static void noise(Proto m, Random random) {
    switch (random.nextInt(5)) {
      case 0 -> m.varint(100 + random.nextInt(1_000_000), random.nextLong());
      case 1 -> m.bits(2_000, random.nextLong());
      case 2 -> m.string(536_870_911, word(random, random.nextInt(200)));
      case 3 -> m.fixed32(77, random.nextInt());
      default -> m.group(50);
    }
  }

  private static Proto data(Random random, Labels labels, Expected expected, boolean messy) {
    long time = NOW - random.nextInt(1_000_000);
    if (messy && random.nextInt(10) == 0) {
      time = random.nextInt(3) == 0 ? -random.nextInt(100) : random.nextInt(100);
    }
    long at = time;
    int kind = random.nextInt(10);
    if (kind == 0) {
      Histogram h = HistogramSamples.random(random);
      expected.histograms.computeIfAbsent(labels, l -> new TreeMap<>()).put(at, h);
      boolean packed = random.nextBoolean();
      return message(m -> m.field(4, Proto.histogram(at, h, packed)));
    }
    long bits =
        switch (random.nextInt(4)) {
          case 0 -> 0;
          case 1 -> random.nextLong();
          default -> Double.doubleToRawLongBits(random.nextInt(1_000));
        };
    expected.samples.computeIfAbsent(labels, l -> new TreeMap<>()).put(at, bits);
    Proto s =
        messy && random.nextInt(3) == 0
            ? message(x -> x.varint(2, 5).bits(1, 1).varint(9, 9).varint(2, at).bits(1, bits))
            : sample(at, bits);
    if (kind > 1) {
      return message(m -> m.field(2, s));
    }
    Labels own =
        Labels.of(
            Arrays.copyOf(
                new String[] {"trace", word(random, 9), "b", "c"}, 2 * random.nextInt(3)));
    expected
        .exemplars
        .computeIfAbsent(labels, l -> new ArrayList<>())
        .add(new Exemplar(at, Double.longBitsToDouble(bits), own));
    Proto exemplar =
        message(
            e -> {
              for (int i = 0; i < own.size(); i++) {
                e.field(1, label(own.name(i), own.value(i)));
              }
              e.bits(2, bits).varint(3, at);
            });
    return message(m -> m.field(2, s).field(3, exemplar));
  }
}
