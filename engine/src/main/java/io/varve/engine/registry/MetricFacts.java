package io.varve.engine.registry;

import io.varve.engine.model.Metadata;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What is known of one metric; immutable. */
record MetricFacts(@Nullable Metadata metadata, long lastWritten, long lastQueried) {
  static final MetricFacts NONE = new MetricFacts(null, 0, 0);

  MetricFacts with(Metadata about) {
    return new MetricFacts(about, lastWritten, lastQueried);
  }

  MetricFacts writtenAt(long time) {
    return time <= lastWritten ? this : new MetricFacts(metadata, time, lastQueried);
  }

  MetricFacts queriedAt(long time) {
    return time <= lastQueried ? this : new MetricFacts(metadata, lastWritten, time);
  }

  Registry.Activity activity() {
    return new Registry.Activity(lastWritten, lastQueried);
  }

  /** True if facts under these names are kept. */
  static boolean nameFits(String tenant, String metric) {
    // A char takes at most three bytes, so most names need not be encoded to be judged.
    int chars = tenant.length() + metric.length();
    return chars * 3L <= Registry.MAX_NAME_BYTES
        || tenant.getBytes(StandardCharsets.UTF_8).length
                + metric.getBytes(StandardCharsets.UTF_8).length
            <= Registry.MAX_NAME_BYTES;
  }

  /** The metadata within its bounds. */
  static Metadata bounded(Metadata about) {
    String type = cut(about.type(), 64);
    String unit = cut(about.unit(), 64);
    String help = cut(about.help(), Registry.MAX_HELP_CHARS);
    return new Metadata(type, unit, help);
  }

  private static String cut(String text, int chars) {
    if (text.length() <= chars) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(chars - 1)) ? chars - 1 : chars;
    return text.substring(0, end);
  }
}
