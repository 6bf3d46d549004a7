package io.varve.http.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve cluster …}: the nodes of a cluster. */
@Command(
    name = "cluster",
    description = "Looks at the nodes of a cluster, and says which one leads.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    subcommands = {
      ClusterStatusCommand.class,
      ClusterTransferCommand.class,
      ClusterAddNodeCommand.class,
      ClusterRemoveNodeCommand.class,
      ClusterVerifyCommand.class
    })
final class ClusterCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "Say what to do: varve cluster status, varve cluster transfer NODE, or varve cluster"
            + " verify");
  }
}
