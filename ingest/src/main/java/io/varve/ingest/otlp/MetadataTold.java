package io.varve.ingest.otlp;

import io.varve.engine.model.Metadata;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.Reason;
import java.util.HashMap;
import java.util.Map;

/**
 * Hands on what is said about metrics, unless it was said a short while ago: every request repeats
 * it. All is forgotten after some minutes, so that what is lost elsewhere is told again. Not
 * thread-safe.
 */
final class MetadataTold {
  private static final int MOST_TOLD = 10_000;
  private static final long MOST_CHARACTERS = 1 << 20;
  private static final int MOST_METADATA = 50_000;
  private static final int MOST_TEXT = 4_096;
  private static final long FORGET_MILLIS = 600_000;

  private final Map<String, Metadata> told = new HashMap<>();
  private long characters;
  private long forgetAt = Long.MIN_VALUE;
  private String tenant = "";

  void begin(String tenantName, long now) {
    if (now >= forgetAt || !tenant.equals(tenantName)) {
      forget();
      forgetAt = now + FORGET_MILLIS;
      tenant = tenantName;
    }
  }

  void tell(Intake intake, String family, Metadata about) {
    if (about.equals(told.get(family))) {
      return;
    }
    WriteBatch batch = intake.batch;
    if (batch.metadataCount >= MOST_METADATA || family.length() > MOST_TEXT) {
      intake.refusals.countSilently(Reason.METADATA);
      return;
    }
    characters += family.length() + about.help().length() + (long) about.unit().length();
    if (told.size() >= MOST_TOLD || characters > MOST_CHARACTERS) {
      forget();
    }
    told.put(family, about);
    batch.addMetadata(family, about);
  }

  private void forget() {
    told.clear();
    characters = 0;
  }

  /** Text of bounded length. */
  static String cut(String text) {
    if (text.length() <= MOST_TEXT) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(MOST_TEXT - 1)) ? MOST_TEXT - 1 : MOST_TEXT;
    return text.substring(0, end);
  }
}
