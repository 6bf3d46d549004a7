package io.varve.ingest;

import io.varve.ingest.intake.Intake;
import io.varve.ingest.otlp.OtlpDecoder;
import io.varve.ingest.otlp.OtlpSettings;
import io.varve.ingest.otlp.RunningTotals;
import io.varve.ingest.remotewrite.RemoteWrite1Decoder;
import io.varve.ingest.remotewrite.RemoteWrite2Decoder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The buffers and decoders that one request works with; reused by one request after another. */
final class Workspace {
  private static final int GRAIN = 1 << 16;
  private static final int MOST_KEPT = 4 << 20;

  final Intake intake;
  final RemoteWrite1Decoder remoteWrite1;
  final RemoteWrite2Decoder remoteWrite2;
  private final OtlpSettings otlpSettings;
  private final @Nullable RunningTotals totals;
  private @Nullable OtlpDecoder otlp;
  private byte[] compressed = new byte[GRAIN];
  private byte[] decoded = new byte[0];

  Workspace(
      Intake intake,
      boolean typeAndUnitLabels,
      OtlpSettings otlpSettings,
      @Nullable RunningTotals totals) {
    this.intake = intake;
    this.otlpSettings = otlpSettings;
    this.totals = totals;
    this.remoteWrite1 = new RemoteWrite1Decoder(intake);
    this.remoteWrite2 = new RemoteWrite2Decoder(intake, typeAndUnitLabels);
  }

  /** Made when it is first needed: many workspaces only ever see remote write. */
  OtlpDecoder otlp() {
    OtlpDecoder decoder = otlp;
    if (decoder == null) {
      decoder = new OtlpDecoder(intake, otlpSettings, totals);
      otlp = decoder;
    }
    return decoder;
  }

  /** The buffer for bodies that are read from a stream. */
  byte[] compressed() {
    return compressed;
  }

  /** A larger buffer with the bytes of the one before. */
  byte[] growCompressed(int size) {
    compressed = Arrays.copyOf(compressed, size);
    return compressed;
  }

  /** Room for a decoded body and its slack; content is undefined. */
  byte[] decoded(int length) {
    int needed = length + RemoteWrite1Decoder.SLACK;
    if (decoded.length < needed) {
      // A little more than asked for: the next request of the same sender is about as large.
      int size = (int) Math.min(needed + (needed >> 2) + (long) GRAIN, Integer.MAX_VALUE - 64);
      decoded = new byte[size];
    }
    return decoded;
  }

  /** A larger buffer for a decoded body, with the bytes of the one before. */
  byte[] growDecoded(int size) {
    decoded = Arrays.copyOf(decoded, size);
    return decoded;
  }

  /** False if an unusual request has made it so large that keeping it is waste. */
  boolean worthKeeping() {
    return compressed.length <= MOST_KEPT
        && decoded.length <= MOST_KEPT
        && !intake.isLarge()
        && !remoteWrite2.isLarge()
        && (otlp == null || !otlp.isLarge());
  }
}
