package io.varve.http.cli;

import io.varve.http.replay.ServerConnection;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that says which server a command asks. */
final class ServerOption {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Where the server is; ${DEFAULT-VALUE} by default.")
  private String url = "http://127.0.0.1:9201";

  /** For picocli. */
  ServerOption() {}

  /** A connection for a tenant, "" for the default one; the caller closes it. */
  ServerConnection connect(String tenant) {
    try {
      return new ServerConnection(url, tenant);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--url: " + e.getMessage(), e);
    }
  }
}
