package io.varve.ingest.otlp;

/** What becomes of names on their way from OpenTelemetry; named as Prometheus names them. */
public enum TranslationStrategy {
  /** Names are brought into the classic alphabet; units and types become suffixes. */
  UNDERSCORE_ESCAPING_WITH_SUFFIXES("UnderscoreEscapingWithSuffixes", true, true),
  /** Names are brought into the classic alphabet. */
  UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES("UnderscoreEscapingWithoutSuffixes", true, false),
  /** Names keep their characters; units and types become suffixes. */
  NO_UTF8_ESCAPING_WITH_SUFFIXES("NoUTF8EscapingWithSuffixes", false, true),
  /** Names stay as they are. */
  NO_TRANSLATION("NoTranslation", false, false);

  private final String text;
  private final boolean escapes;
  private final boolean suffixes;

  TranslationStrategy(String text, boolean escapes, boolean suffixes) {
    this.text = text;
    this.escapes = escapes;
    this.suffixes = suffixes;
  }

  /** The name in configurations. */
  public String text() {
    return text;
  }

  /** True if only letters, digits, underscores and, in metric names, colons are left. */
  boolean escapes() {
    return escapes;
  }

  /** True if metric names get suffixes for unit and type. */
  boolean suffixes() {
    return suffixes;
  }
}
