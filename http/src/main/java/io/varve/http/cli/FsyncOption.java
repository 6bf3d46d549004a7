package io.varve.http.cli;

import io.varve.engine.FsyncPolicy;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a policy as configurations spell it. */
final class FsyncOption implements ITypeConverter<FsyncPolicy> {
  /** For picocli. */
  FsyncOption() {}

  @Override
  public FsyncPolicy convert(String text) {
    for (FsyncPolicy policy : FsyncPolicy.values()) {
      if (policy.name().toLowerCase(Locale.ROOT).equals(text.toLowerCase(Locale.ROOT))) {
        return policy;
      }
    }
    throw new TypeConversionException("\"" + text + "\" is none of always, interval, os");
  }
}
