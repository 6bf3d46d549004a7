package io.varve.ingest.otlp;

import org.jspecify.annotations.Nullable;

/** How an OTLP request is written: what its headers say, in Prometheus' words. */
public enum OtlpEncoding {
  /** Binary protobuf. */
  PROTOBUF,
  /** OTLP/JSON: protobuf's JSON form with trace and span ids in hexadecimal digits. */
  JSON;

  private static final String PROTOBUF_TYPE = "application/x-protobuf";
  private static final String JSON_TYPE = "application/json";

  /**
   * The encoding that a Content-Type header names; parameters are not allowed, as in Prometheus.
   *
   * @throws OtlpFormatException if it is another one, or none
   */
  public static OtlpEncoding of(@Nullable String contentType) {
    return switch (contentType == null ? "" : contentType) {
      case PROTOBUF_TYPE -> PROTOBUF;
      case JSON_TYPE -> JSON;
      case String other ->
          throw new OtlpFormatException(
              "unsupported content type: "
                  + cut(other)
                  + ", supported: ["
                  + JSON_TYPE
                  + ", "
                  + PROTOBUF_TYPE
                  + "]");
    };
  }

  /**
   * True if a Content-Encoding header says gzip, false if there is none.
   *
   * @throws OtlpFormatException if it says something else
   */
  public static boolean isGzip(@Nullable String contentEncoding) {
    return switch (contentEncoding == null ? "" : contentEncoding) {
      case "gzip" -> true;
      case "" -> false;
      case String other ->
          throw new OtlpFormatException(
              "unsupported compression: "
                  + cut(other)
                  + ". Only \"gzip\" or no compression supported");
    };
  }

  private static String cut(String header) {
    return header.length() > 100 ? header.substring(0, 100) + "…" : header;
  }
}
