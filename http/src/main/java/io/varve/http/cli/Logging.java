package io.varve.http.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.varve.http.config.ServerConfig.LogLevel;
import org.slf4j.LoggerFactory;

/** How much is logged; where to and in which form stands in logback.xml. */
final class Logging {
  private Logging() {}

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
