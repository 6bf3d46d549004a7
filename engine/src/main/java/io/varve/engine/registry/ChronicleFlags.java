package io.varve.engine.registry;

import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The JVM flags that Chronicle Map needs: which of them are missing, in the form one types them.
 */
final class ChronicleFlags {
  private static final String[] EXPORTS = {
    "java.base/jdk.internal.ref", "java.base/sun.nio.ch", "jdk.compiler/com.sun.tools.javac.file",
  };
  private static final String[] OPENS = {
    "jdk.compiler/com.sun.tools.javac",
    "java.base/java.lang",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.util",
    "java.base/java.nio",
  };

  private ChronicleFlags() {}

  /** The missing flags, separated by spaces; null if none is. */
  static @Nullable String missing() {
    return missing(ChronicleFlags.class.getModule());
  }

  private static @Nullable String missing(Module user) {
    StringJoiner flags = new StringJoiner(" ");
    for (String export : EXPORTS) {
      if (!granted(export, false, user)) {
        flags.add("--add-exports=" + export + "=ALL-UNNAMED");
      }
    }
    for (String open : OPENS) {
      if (!granted(open, true, user)) {
        flags.add("--add-opens=" + open + "=ALL-UNNAMED");
      }
    }
    return flags.length() == 0 ? null : flags.toString();
  }

  private static boolean granted(String target, boolean opened, Module user) {
    int slash = target.indexOf('/');
    String packageName = target.substring(slash + 1);
    Optional<Module> module = ModuleLayer.boot().findModule(target.substring(0, slash));
    return module
        .filter(m -> opened ? m.isOpen(packageName, user) : m.isExported(packageName, user))
        .isPresent();
  }
}
