package io.varve.ingest.otlp;

import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import com.google.protobuf.util.JsonFormat;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.varve.ingest.intake.Intake;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads an {@code ExportMetricsServiceRequest} into an {@link Intake}. First {@link #estimate}
 * tells what memory that is going to take, so that the caller can find the memory or refuse the
 * request; then {@link #decode} does it. Not thread-safe; reused.
 */
public final class OtlpDecoder {
  private static final Parser<ExportMetricsServiceRequest> PARSER =
      DiscardUnknownFieldsParser.wrap(ExportMetricsServiceRequest.parser());
  private static final JsonFormat.Parser JSON = JsonFormat.parser().ignoringUnknownFields();
  private static final int MOST_TEXT = 300;

  private final MessageCensus census = new MessageCensus();
  private final Translator translator;

  /**
   * A decoder that writes to {@code intake}.
   *
   * @param totals where deltas are added up; null if the settings do not ask for that
   */
  public OtlpDecoder(Intake intake, OtlpSettings settings, @Nullable RunningTotals totals) {
    this.translator = new Translator(intake, settings, totals);
  }

  /**
   * What decoding the body {@code [0, length)} of an array takes in memory, about, in bytes.
   *
   * @throws OtlpFormatException if it is nested too deeply
   * @throws io.varve.engine.format.CorruptDataException if it is not protobuf
   */
  public long estimate(OtlpEncoding encoding, byte[] body, int length) {
    return switch (encoding) {
      case PROTOBUF -> census.estimate(body, length);
      case JSON -> JsonCensus.estimate(body, length);
    };
  }

  /**
   * Decodes the body {@code [0, length)} of an array.
   *
   * @throws OtlpFormatException if it is not such a message
   * @throws io.varve.ingest.intake.RequestTooLargeException if it holds too much
   */
  public void decode(OtlpEncoding encoding, byte[] body, int length) {
    ExportMetricsServiceRequest request;
    try {
      request =
          switch (encoding) {
            case PROTOBUF -> PARSER.parseFrom(body, 0, length);
            case JSON -> json(body, length);
          };
    } catch (InvalidProtocolBufferException e) {
      throw new OtlpFormatException("the body is not OTLP metrics: " + cut(e.getMessage()));
    }
    translator.translate(request, encoding);
  }

  /**
   * Ends the request. What it did to running totals is undone unless it is stored.
   *
   * @param stored true if it is, but for what the answer names
   */
  public void end(boolean stored) {
    translator.end(stored);
  }

  private static ExportMetricsServiceRequest json(byte[] body, int length)
      throws InvalidProtocolBufferException {
    ExportMetricsServiceRequest.Builder builder = ExportMetricsServiceRequest.newBuilder();
    try (Reader text =
        new InputStreamReader(new ByteArrayInputStream(body, 0, length), StandardCharsets.UTF_8)) {
      JSON.merge(text, builder);
    } catch (InvalidProtocolBufferException e) {
      throw e;
    } catch (IOException e) {
      throw new OtlpFormatException("the body is not JSON: " + cut(e.getMessage()));
    } catch (RuntimeException e) {
      // The parser lets some of its own errors through: numbers, classes of elements.
      throw new OtlpFormatException("the body is not OTLP metrics in JSON: " + cut(e.getMessage()));
    }
    return builder.build();
  }

  private static String cut(@Nullable String message) {
    if (message == null) {
      return "it cannot be read";
    }
    // A JSON reader's message may begin with the class of what it met.
    String line = message.replace('\n', ' ').replaceFirst("^([a-z]+\\.)+[A-Z][a-zA-Z]*: ", "");
    return line.length() > MOST_TEXT ? line.substring(0, MOST_TEXT) + "…" : line;
  }

  /** True if an unusual request has made the buffers so large that keeping them is waste. */
  public boolean isLarge() {
    return translator.isLarge();
  }
}
