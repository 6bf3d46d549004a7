package io.varve.ingest.remotewrite;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The words of the labels that say what a metric is: {@code __type__} and {@code __unit__}, and the
 * types. Units are the sender's own words.
 */
final class IdentityLabels {
  /** The number of the word {@code __type__}. */
  static final int TYPE = 0;

  /** The number of the word {@code __unit__}. */
  static final int UNIT = 1;

  private static final byte[][] WORDS = words();
  private static final int BYTES = bytes(WORDS);

  private IdentityLabels() {}

  private static byte[][] words() {
    List<byte[]> words = new ArrayList<>();
    words.add("__type__".getBytes(StandardCharsets.UTF_8));
    words.add("__unit__".getBytes(StandardCharsets.UTF_8));
    for (int type = 1; type < MetricTypes.count(); type++) {
      words.add(MetricTypes.name(type).getBytes(StandardCharsets.UTF_8));
    }
    return words.toArray(new byte[0][]);
  }

  private static int bytes(byte[][] words) {
    int bytes = 0;
    for (byte[] word : words) {
      bytes += word.length;
    }
    return bytes;
  }

  /** How many words there are. */
  static int count() {
    return WORDS.length;
  }

  /** Bytes of all words. */
  static int bytes() {
    return BYTES;
  }

  /** A word in UTF-8; not to be changed. */
  static byte[] word(int number) {
    return WORDS[number];
  }

  /** The number of a metric type's word, −1 if the type is unknown and so has none. */
  static int type(int metricType) {
    return metricType > 0 && metricType < MetricTypes.count() ? UNIT + metricType : -1;
  }
}
