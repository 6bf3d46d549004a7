package io.varve.http.cli;

import com.google.protobuf.util.JsonFormat;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * One OTLP request with a metric of every kind, for the rehearsal: its generated classes are many,
 * and a server that has not seen them takes seconds for the first request.
 */
final class OtlpRequest {
  private static final String TEXT =
      """
      {"resourceMetrics": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "rehearsal"}}]},
        "scopeMetrics": [{
          "scope": {"name": "rehearsal", "version": "1"},
          "metrics": [
            {"name": "otlp.gauge", "unit": "By", "gauge": {"dataPoints": [
              {"timeUnixNano": "TIME", "asDouble": 1.5, "attributes": [
                {"key": "a", "value": {"intValue": "1"}}, {"key": "b", "value": {"boolValue": true}}]}]}},
            {"name": "otlp.sum", "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [
              {"timeUnixNano": "TIME", "startTimeUnixNano": "TIME", "asInt": "7"}]}},
            {"name": "otlp.histogram", "histogram": {"aggregationTemporality": 2, "dataPoints": [
              {"timeUnixNano": "TIME", "count": "3", "sum": 4.5, "explicitBounds": [1, 2],
                "bucketCounts": ["1", "1", "1"]}]}},
            {"name": "otlp.exponential", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [
              {"timeUnixNano": "TIME", "count": "3", "sum": 4.5, "scale": 3, "zeroCount": "1",
                "positive": {"offset": 1, "bucketCounts": ["1", "1"]}}]}},
            {"name": "otlp.summary", "summary": {"dataPoints": [
              {"timeUnixNano": "TIME", "count": "3", "sum": 4.5, "quantileValues": [{"quantile": 0.5, "value": 1}]}]}}
          ]}]}]}
      """;

  private OtlpRequest() {}

  /** As JSON, with all data points at one time. */
  static byte[] json(long timeMillis) {
    return TEXT.replace("TIME", timeMillis + "000000").getBytes(StandardCharsets.UTF_8);
  }

  /** As protobuf. */
  static byte[] protobuf(long timeMillis) throws IOException {
    ExportMetricsServiceRequest.Builder request = ExportMetricsServiceRequest.newBuilder();
    JsonFormat.parser().merge(new String(json(timeMillis), StandardCharsets.UTF_8), request);
    return request.build().toByteArray();
  }
}
