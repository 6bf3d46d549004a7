package io.varve.retention.rules.template;

/** A template that cannot be read or carried out, in words for its author. */
public final class TemplateException extends RuntimeException {
  TemplateException(String message) {
    super(message);
  }
}
