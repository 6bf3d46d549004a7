package io.varve.engine.partition;

import com.github.luben.zstd.Zstd;
import io.varve.engine.codec.LongBlockDecoder;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;

/**
 * Unpacks a page that {@link PageWriter} made. Used once; errors carry the file and the offset of
 * the page.
 */
final class PageReader {
  private final String source;
  private final long offset;
  private final ByteReader in;
  private final LongBlockDecoder decoder = new LongBlockDecoder();

  /**
   * @param page the page, exactly
   * @param path the file
   * @param offset of the page in the file
   * @param most bytes that the unpacked page can have
   */
  PageReader(byte[] page, String path, long offset, int most) {
    this.source = path;
    this.offset = offset;
    ByteReader head = new ByteReader().on(page, 0, page.length, path, offset);
    int method = head.u8();
    if (method == PageWriter.PLAIN) {
      in = head;
    } else if (method == PageWriter.ZSTD) {
      byte[] body = new byte[head.count(most)];
      int at = head.position();
      long length;
      try {
        length = Zstd.decompressByteArray(body, 0, body.length, page, at, page.length - at);
      } catch (RuntimeException e) {
        throw corrupt("zstd: " + e.getMessage());
      }
      if (length != body.length) {
        throw corrupt("page unpacks to " + length + " bytes, not " + body.length);
      }
      in = new ByteReader().on(body, 0, body.length, path, offset);
    } else {
      throw corrupt("unknown packing " + method);
    }
  }

  CorruptDataException corrupt(String problem) {
    return new CorruptDataException(source, offset, problem);
  }

  /** Single numbers between the columns. */
  ByteReader in() {
    return in;
  }

  /** The next column, of n values. */
  long[] column(int n) {
    long[] values = new long[n];
    if (n > 0) {
      int length = in.count(in.remaining());
      if (length > 0) {
        int at = in.skip(length);
        try {
          decoder.decode(in.array(), at, length, n, values, 0);
        } catch (CorruptDataException e) {
          throw corrupt("column of " + n + ": " + e.getMessage());
        }
      }
    }
    return values;
  }

  /** The next column, whose values all lie in {@code [0, most]}. */
  int[] column(int n, int most, String what) {
    long[] values = column(n);
    int[] small = new int[n];
    for (int i = 0; i < n; i++) {
      if (values[i] < 0 || values[i] > most) {
        throw corrupt(what + " " + values[i] + " is not within 0 to " + most);
      }
      small[i] = (int) values[i];
    }
    return small;
  }

  /** Nothing may follow the last column. */
  void end() {
    if (!in.atEnd()) {
      throw corrupt(in.remaining() + " bytes after the last column");
    }
  }
}
