package io.varve.ingest;

import io.varve.ingest.intake.RequestTooLargeException;
import io.varve.ingest.otlp.OtlpEncoding;
import io.varve.ingest.otlp.OtlpFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/**
 * The body of one OTLP request on its way to being parsed: undoes gzip, and charges what it takes
 * to the budget of all requests before it takes it.
 */
final class OtlpBody {
  private static final int GRAIN = 1 << 16;
  private static final int INFLATER_BYTES = 1 << 13;

  private final Workspace workspace;
  private final IngestLimits limits;
  private final ByteBudget.Loan loan;
  private byte[] bytes = new byte[0];
  private int length;

  OtlpBody(Workspace workspace, IngestLimits limits, ByteBudget.Loan loan) {
    this.workspace = workspace;
    this.limits = limits;
    this.loan = loan;
  }

  /** Bytes of the decoded body. */
  int length() {
    return length;
  }

  /** An array with the decoded body at its start. */
  byte[] bytes(byte[] body, int offset, int bodyLength, boolean gzip) {
    take(bodyLength);
    if (!gzip) {
      if (bodyLength > limits.decodedBytes()) {
        throw tooLarge();
      }
      bytes = offset == 0 ? body : Arrays.copyOfRange(body, offset, offset + bodyLength);
      length = bodyLength;
      return bytes;
    }
    try (InputStream in =
        new GZIPInputStream(new ByteArrayInputStream(body, offset, bodyLength), INFLATER_BYTES)) {
      inflate(in);
    } catch (IOException e) {
      throw new OtlpFormatException("the body is not gzip: " + e.getMessage());
    }
    return bytes;
  }

  private void inflate(InputStream in) throws IOException {
    bytes = workspace.decoded(GRAIN);
    take(GRAIN);
    int room = GRAIN;
    while (true) {
      if (length == room) {
        if (room > limits.decodedBytes()) {
          throw tooLarge();
        }
        int larger = (int) Math.min(limits.decodedBytes() + 1L, room * 2L);
        take(larger - room);
        room = larger;
        if (bytes.length < room) {
          bytes = workspace.growDecoded(room);
        }
      }
      int n = in.read(bytes, length, room - length);
      if (n < 0) {
        break;
      }
      length += n;
    }
    if (length > limits.decodedBytes()) {
      throw tooLarge();
    }
  }

  /** Makes sure that there is memory for the objects that the body will be parsed into. */
  void parseable(OtlpEncoding encoding) {
    long estimate = workspace.otlp().estimate(encoding, bytes, length);
    if (estimate > limits.inFlightBytes() - length) {
      throw new RequestTooLargeException(
          "parsing the request would take about "
              + estimate
              + " bytes, which is over the limit of "
              + limits.inFlightBytes()
              + " for all requests (ingest.max_in_flight_bytes); send smaller requests");
    }
    take(estimate);
  }

  private void take(long more) {
    if (!loan.take(more)) {
      throw new NoRoomException(limits);
    }
  }

  private OtlpFormatException tooLarge() {
    return new OtlpFormatException(
        "the decoded body is over the limit of " + limits.decodedBytes() + " bytes");
  }
}
