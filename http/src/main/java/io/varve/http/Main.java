package io.varve.http;

import io.varve.http.cli.Launch;

/** The program: {@code varve serve | inspect | verify | version | help}. */
public final class Main {
  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) throws Exception {
    System.exit(Launch.run(args));
  }
}
