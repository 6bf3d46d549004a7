package io.varve.ingest.otlp;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.resource.v1.Resource;
import io.varve.engine.model.Labels;
import io.varve.ingest.FakeHead;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Ingestor;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An ingestor over a head made of maps, and the messages that it is sent. */
final class OtlpReceiver {
  static final long NOW = 1_790_000_000_000L;
  static final long NANOS = NOW * 1_000_000;

  final FakeHead head = new FakeHead();
  final Ingestor ingestor;

  OtlpReceiver(OtlpSettings settings) {
    this(settings, IngestLimits.DEFAULT);
  }

  OtlpReceiver(OtlpSettings settings, IngestLimits limits) {
    InstantSource clock = InstantSource.fixed(Instant.ofEpochMilli(NOW));
    ingestor = new Ingestor(head, head, limits, false, settings, clock);
  }

  IngestOutcome write(byte[] body, @Nullable String type, @Nullable String encoding) {
    return ingestor.writeOtlp(body, 0, body.length, type, encoding, null);
  }

  IngestOutcome write(ExportMetricsServiceRequest request) {
    return write(request.toByteArray(), "application/x-protobuf", null);
  }

  /** Writes metrics of a resource that says nothing of itself. */
  IngestOutcome write(Metric.Builder... metrics) {
    return write(request(List.of(), metrics));
  }

  FakeHead.@Nullable Stored get(String... labels) {
    return head.series.get(new FakeHead.Key("", Labels.of(labels)));
  }

  /** The value at the usual time. */
  double value(String... labels) {
    FakeHead.Stored stored = get(labels);
    if (stored == null || !stored.samples.containsKey(NOW)) {
      throw new AssertionError(Labels.of(labels) + " is not in " + head.series.keySet());
    }
    return Double.longBitsToDouble(stored.samples.get(NOW));
  }

  static ExportMetricsServiceRequest request(List<KeyValue> resource, Metric.Builder... metrics) {
    ScopeMetrics.Builder scope = ScopeMetrics.newBuilder();
    for (Metric.Builder metric : metrics) {
      scope.addMetrics(metric);
    }
    return ExportMetricsServiceRequest.newBuilder()
        .addResourceMetrics(
            ResourceMetrics.newBuilder()
                .setResource(Resource.newBuilder().addAllAttributes(resource))
                .addScopeMetrics(scope))
        .build();
  }

  static KeyValue attribute(String key, String value) {
    return attribute(key, AnyValue.newBuilder().setStringValue(value));
  }

  static KeyValue attribute(String key, AnyValue.Builder value) {
    return KeyValue.newBuilder().setKey(key).setValue(value).build();
  }

  static NumberDataPoint.Builder point(double value, KeyValue... attributes) {
    return NumberDataPoint.newBuilder()
        .setTimeUnixNano(NANOS)
        .setAsDouble(value)
        .addAllAttributes(List.of(attributes));
  }

  static Metric.Builder gauge(String name, String unit, NumberDataPoint.Builder... points) {
    Metric.Builder metric = Metric.newBuilder().setName(name).setUnit(unit);
    metric.getGaugeBuilder();
    for (NumberDataPoint.Builder point : points) {
      metric.getGaugeBuilder().addDataPoints(point);
    }
    return metric;
  }

  static ByteString bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return ByteString.copyFrom(bytes);
  }
}
