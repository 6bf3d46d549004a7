package io.varve.http.config;

import java.io.Serial;

/** A configuration that cannot be used; the message says where (file and line), what and why. */
public final class ConfigException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  /** With a message for the operator. */
  public ConfigException(String message) {
    super(message);
  }
}
