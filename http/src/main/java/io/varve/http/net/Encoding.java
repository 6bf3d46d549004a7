package io.varve.http.net;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** How an answer may be compressed. */
enum Encoding {
  IDENTITY,
  GZIP,
  DEFLATE;

  private static final int BUFFER_BYTES = 8_192;

  /** The first that is known of those that a client lists; weights are not looked at. */
  static Encoding accepted(@Nullable String header) {
    if (header != null) {
      for (String part : header.split(",", 16)) {
        int semicolon = part.indexOf(';');
        String name = semicolon < 0 ? part : part.substring(0, semicolon);
        switch (name.strip().toLowerCase(Locale.ROOT)) {
          case "gzip" -> {
            return GZIP;
          }
          case "deflate" -> {
            return DEFLATE;
          }
          default -> {
            // Another encoding: the next may be known.
          }
        }
      }
    }
    return IDENTITY;
  }

  String headerName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Compresses into {@code out}; closing it closes {@code out}. */
  OutputStream wrap(OutputStream out) throws IOException {
    return this == IDENTITY
        ? out
        // Small pieces are put together: each would be a call of the compressor's native code.
        : new BufferedOutputStream(compressor(out), BUFFER_BYTES);
  }

  private OutputStream compressor(OutputStream out) throws IOException {
    return switch (this) {
      case IDENTITY -> out;
      case GZIP -> new FastGzip(out);
      case DEFLATE ->
          new DeflaterOutputStream(out, new Deflater(Deflater.BEST_SPEED), BUFFER_BYTES) {
            @Override
            public void close() throws IOException {
              try {
                super.close();
              } finally {
                def.end();
              }
            }
          };
    };
  }

  /**
   * Answers are compressed while somebody waits: the fastest level, which JSON shrinks well under.
   */
  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(OutputStream out) throws IOException {
      super(out, BUFFER_BYTES);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }
}
