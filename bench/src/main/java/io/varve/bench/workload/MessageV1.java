package io.varve.bench.workload;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.List;

/** Remote write 1.0 ({@code prometheus.WriteRequest}), as Prometheus encodes it. */
final class MessageV1 implements MessageEncoder {
  private static final byte[] INSTANCE = new byte[0];
  private static final byte[] ZONE = new byte[0];
  private static final int TIMESERIES = 0x0A; // field 1 of a request

  private final byte[][][] templates; // per series: label fields, with INSTANCE and ZONE in place
  private final byte[][] instances;
  private final byte[][] zones;
  private final ByteWriter request = new ByteWriter(1 << 20);
  private int samples;

  MessageV1(Capture capture, int hosts) {
    int n = capture.series().size();
    templates = new byte[n][][];
    for (int s = 0; s < n; s++) {
      templates[s] = template(capture.series().get(s));
    }
    instances = new byte[hosts][];
    zones = new byte[hosts][];
    for (int h = 0; h < hosts; h++) {
      instances[h] = Labels.of("instance", HostLabels.instance(h)).canonical();
      zones[h] = Labels.of("zone", HostLabels.zone(h)).canonical();
    }
  }

  private static byte[][] template(Capture.Series series) {
    List<byte[]> parts = new ArrayList<>();
    ByteWriter run = new ByteWriter(256);
    for (String[] label : HostLabels.of(series)) {
      byte[] hole =
          switch (label[1]) {
            case HostLabels.INSTANCE -> INSTANCE;
            case HostLabels.ZONE -> ZONE;
            default -> null;
          };
      if (hole == null) {
        run.bytes(Labels.of(label[0], label[1]).canonical());
      } else {
        parts.add(run.toByteArray());
        run.reset();
        parts.add(hole);
      }
    }
    parts.add(run.toByteArray());
    return parts.toArray(new byte[0][]);
  }

  @Override
  public void add(int series, int host, long time, double value) {
    int labels = 0;
    for (byte[] part : templates[series]) {
      labels += bytes(part, host).length;
    }
    request.u8(TIMESERIES);
    request.varint(labels + MessageEncoder.sampleFieldBytes(time, value));
    for (byte[] part : templates[series]) {
      request.bytes(bytes(part, host));
    }
    MessageEncoder.sample(request, time, value);
    samples++;
  }

  @SuppressWarnings("ReferenceEquality") // holes are told by identity
  private byte[] bytes(byte[] part, int host) {
    return part == INSTANCE ? instances[host] : part == ZONE ? zones[host] : part;
  }

  @Override
  public int samples() {
    return samples;
  }

  @Override
  public void take(ByteWriter into) {
    into.reset();
    into.bytes(request.array(), 0, request.size());
    request.reset();
    samples = 0;
  }
}
