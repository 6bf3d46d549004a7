package io.varve.bench.workload;

import java.util.List;

/** A version of Prometheus' remote write. */
public enum Protocol {
  /** {@code prometheus.WriteRequest}, which every store takes. */
  V1("application/x-protobuf", "0.1.0"),

  /** {@code io.prometheus.write.v2.Request}. */
  V2("application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0");

  private final String contentType;
  private final String version;

  Protocol(String contentType, String version) {
    this.contentType = contentType;
    this.version = version;
  }

  /** The headers that go with a body, name and value in turn. */
  public List<String> headers() {
    return List.of(
        "Content-Type",
        contentType,
        "Content-Encoding",
        "snappy",
        "X-Prometheus-Remote-Write-Version",
        version,
        "User-Agent",
        "varve-bench");
  }

  /**
   * An encoder of messages.
   *
   * @param hosts whose numbers may be given to it
   */
  MessageEncoder encoder(Capture capture, int hosts) {
    return switch (this) {
      case V1 -> new MessageV1(capture, hosts);
      case V2 -> new MessageV2(capture, hosts);
    };
  }
}
