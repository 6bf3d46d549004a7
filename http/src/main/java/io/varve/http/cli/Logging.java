package io.varve.http.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.varve.http.config.ServerConfig.LogLevel;
import org.slf4j.LoggerFactory;

/** How much is logged; where to and in which form stands in {@link LogbackSetup}. */
final class Logging {
  /** The logging of the JDK, which a start without a cluster does not load. */
  private static final class OfTheJdk {
    /** Held, or its level is forgotten. */
    static final java.util.logging.Logger GRPC =
        java.util.logging.Logger.getLogger("org.apache.ratis.thirdparty");
  }

  private Logging() {}

  /** Leaves out what a library tells in a form of its own, by way of the JDK, as it starts. */
  static void withoutGreetings() {
    OfTheJdk.GRPC.setLevel(java.util.logging.Level.WARNING);
  }

  static void level(LogLevel level) {
    if (LoggerFactory.getLogger("io.varve") instanceof Logger logger) {
      logger.setLevel(
          switch (level) {
            case ERROR -> Level.ERROR;
            case WARN -> Level.WARN;
            case INFO -> Level.INFO;
            case DEBUG -> Level.DEBUG;
          });
    }
  }
}
