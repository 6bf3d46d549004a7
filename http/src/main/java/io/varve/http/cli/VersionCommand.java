package io.varve.http.cli;

import io.varve.http.Version;
import picocli.CommandLine.Command;

/** {@code varve version}. */
@Command(name = "version", description = "Prints the version of Varve and of what it runs on.")
final class VersionCommand implements Runnable {
  @Override
  public void run() {
    System.out.println("varve " + Version.varve());
    System.out.println("speaks the HTTP API and PromQL of Prometheus " + Version.PROMETHEUS);
    System.out.println(
        "java "
            + Runtime.version()
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch"));
  }
}
