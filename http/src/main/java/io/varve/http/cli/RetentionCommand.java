package io.varve.http.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve retention …}: what is kept for how long, and what would go. */
@Command(
    name = "retention",
    description = "Tells how long series are kept, and what a policy would let go of.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    subcommands = {RetentionExplainCommand.class, RetentionPlanCommand.class})
final class RetentionCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "Say what to tell of the retention: varve retention explain 'up{job=\"a\"}', or varve"
            + " retention plan");
  }
}
