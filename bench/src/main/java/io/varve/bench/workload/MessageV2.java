package io.varve.bench.workload;

import io.varve.engine.format.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Remote write 2.0 ({@code io.prometheus.write.v2.Request}), as Prometheus encodes it: each string
 * of a request once, in the order of first use, before the series; the metric's type with each
 * series.
 */
final class MessageV2 implements MessageEncoder {
  private static final int SYMBOLS = 0x22; // field 4 of a request
  private static final int TIMESERIES = 0x2A; // field 5 of a request
  private static final int LABELS_REFS = 0x0A; // field 1 of a series
  private static final int METADATA = 0x2A; // field 5 of a series
  private static final int TYPE = 0x08; // field 1 of metadata
  private static final int COUNTER = 1;
  private static final int GAUGE = 2;
  private static final int INSTANCE = -1;
  private static final int ZONE = -2;

  private final List<byte[]> strings = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final int[][] templates; // per series: string ids of names and values, INSTANCE, ZONE
  private final boolean[] counters;
  private final int[] instances;
  private final int[] zones;
  private final int[] refs; // string id → number in this request
  private final int[] stamps; // string id → request in which refs holds
  private final ByteWriter symbols = new ByteWriter(1 << 16);
  private final ByteWriter series = new ByteWriter(1 << 18);
  private final ByteWriter labels = new ByteWriter(256);
  private int request = 1;
  private int symbolCount;
  private int samples;

  MessageV2(Capture capture, int hosts) {
    int n = capture.series().size();
    templates = new int[n][];
    counters = new boolean[n];
    for (int s = 0; s < n; s++) {
      counters[s] = capture.series().get(s).counter();
      templates[s] =
          HostLabels.of(capture.series().get(s)).stream()
              .flatMap(Arrays::stream)
              .mapToInt(this::templateId)
              .toArray();
    }
    instances = new int[hosts];
    zones = new int[hosts];
    for (int h = 0; h < hosts; h++) {
      instances[h] = id(HostLabels.instance(h));
      zones[h] = id(HostLabels.zone(h));
    }
    refs = new int[strings.size()];
    stamps = new int[strings.size()];
    begin();
  }

  private int templateId(String text) {
    return switch (text) {
      case HostLabels.INSTANCE -> INSTANCE;
      case HostLabels.ZONE -> ZONE;
      default -> id(text);
    };
  }

  private int id(String text) {
    Integer known = ids.putIfAbsent(text, strings.size());
    if (known != null) {
      return known;
    }
    strings.add(text.getBytes(StandardCharsets.UTF_8));
    return strings.size() - 1;
  }

  /** The first symbol of every request is the empty string. */
  private void begin() {
    symbols.reset();
    symbols.u8(SYMBOLS);
    symbols.u8(0);
    symbolCount = 1;
    series.reset();
    samples = 0;
  }

  private int ref(int id) {
    if (stamps[id] != request) {
      stamps[id] = request;
      refs[id] = symbolCount++;
      byte[] utf8 = strings.get(id);
      symbols.u8(SYMBOLS);
      symbols.varint(utf8.length);
      symbols.bytes(utf8);
    }
    return refs[id];
  }

  @Override
  public void add(int index, int host, long time, double value) {
    labels.reset();
    for (int id : templates[index]) {
      labels.varint(ref(id == INSTANCE ? instances[host] : id == ZONE ? zones[host] : id));
    }
    int metadata = 4;
    int length =
        1
            + MessageEncoder.varintBytes(labels.size())
            + labels.size()
            + MessageEncoder.sampleFieldBytes(time, value)
            + metadata;
    series.u8(TIMESERIES);
    series.varint(length);
    series.u8(LABELS_REFS);
    series.varint(labels.size());
    series.bytes(labels.array(), 0, labels.size());
    MessageEncoder.sample(series, time, value);
    series.u8(METADATA);
    series.u8(2);
    series.u8(TYPE);
    series.u8(counters[index] ? COUNTER : GAUGE);
    samples++;
  }

  @Override
  public int samples() {
    return samples;
  }

  @Override
  public void take(ByteWriter into) {
    into.reset();
    into.bytes(symbols.array(), 0, symbols.size());
    into.bytes(series.array(), 0, series.size());
    request++;
    begin();
  }
}
