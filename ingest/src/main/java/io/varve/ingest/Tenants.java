package io.varve.ingest;

import org.jspecify.annotations.Nullable;

/**
 * Names of tenants as the {@code X-Scope-OrgID} header carries them, by the rules of Grafana Mimir:
 * at most 150 characters out of letters, digits and {@code ! - _ . * ' ( )}, not {@code .} or
 * {@code ..}, which name folders.
 */
public final class Tenants {
  /** The header. */
  public static final String HEADER = "X-Scope-OrgID";

  private static final int MOST_CHARACTERS = 150;
  private static final String SPECIAL = "!-_.*'()";

  private Tenants() {}

  /**
   * The tenant that a header names; "" is the default tenant, for a header that is not there.
   *
   * @throws InvalidTenantException if it cannot be the name of one tenant; the message says why
   */
  public static String parse(@Nullable String header) {
    String tenant = header == null ? "" : header.strip();
    if (tenant.length() > MOST_CHARACTERS) {
      throw new InvalidTenantException(
          "tenant ID is too long: "
              + tenant.length()
              + " characters, at most "
              + MOST_CHARACTERS
              + " are allowed");
    }
    if (tenant.equals(".") || tenant.equals("..")) {
      throw new InvalidTenantException("tenant ID '" + tenant + "' is not allowed");
    }
    for (int i = 0; i < tenant.length(); i++) {
      char c = tenant.charAt(i);
      if (c == '|') {
        throw new InvalidTenantException(
            "tenant ID '" + tenant + "' names several tenants; only one is supported");
      }
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && (c < '0' || c > '9') && SPECIAL.indexOf(c) < 0) {
        throw new InvalidTenantException(
            "tenant ID '" + tenant + "' contains unsupported character '" + c + "'");
      }
    }
    return tenant;
  }
}
