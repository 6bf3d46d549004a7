package io.varve.http;

import org.jspecify.annotations.Nullable;

/** Which Varve this is. */
public final class Version {
  /**
   * Whose HTTP API and query language Varve speaks; clients look at it to know what they may ask.
   */
  public static final String PROMETHEUS = "3.14.0";

  private Version() {}

  /** The version in the jar's manifest. */
  public static String varve() {
    @Nullable String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
