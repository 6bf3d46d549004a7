package io.varve.http.cli;

import io.varve.engine.FsyncPolicy;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The command line of a server as scripts and units write it: {@code serve}, then options with
 * their values. It is read without picocli, which takes more than half of the time between the
 * JVM's start and an open port: its classes are in the form of Java 5, which the JVM's cache of
 * classes cannot hold. Whatever is not of this form, or is wrong, is left to picocli and its words.
 */
final class PlainServe {
  private PlainServe() {}

  /** The command of a plain command line, null if it is another. */
  static @Nullable ServeCommand parse(String... args) {
    if (args.length == 0 || !args[0].equals("serve")) {
      return null;
    }
    TreeMap<String, String> options = new TreeMap<>();
    for (int i = 1; i < args.length; i++) {
      String name = args[i];
      String value;
      int equals = name.indexOf('=');
      if (equals >= 0) {
        value = name.substring(equals + 1);
        name = name.substring(0, equals);
      } else if (i + 1 < args.length) {
        value = args[++i];
      } else {
        return null;
      }
      boolean known =
          name.equals("--config")
              || name.equals("--data-dir")
              || name.equals("--listen")
              || name.equals("--fsync");
      boolean special =
          value.isEmpty() || value.startsWith("-") || value.startsWith("@") || value.contains("\"");
      if (!known || special || options.put(name, value) != null) {
        return null;
      }
    }
    try {
      String fsync = options.get("--fsync");
      return new ServeCommand(
          path(options.get("--config")),
          path(options.get("--data-dir")),
          options.get("--listen"),
          fsync == null ? null : FsyncPolicy.valueOf(fsync.toUpperCase(Locale.ROOT)));
    } catch (IllegalArgumentException e) {
      return null; // a policy that does not exist, or a path that cannot
    }
  }

  private static @Nullable Path path(@Nullable String text) throws InvalidPathException {
    return text == null ? null : Path.of(text);
  }
}
