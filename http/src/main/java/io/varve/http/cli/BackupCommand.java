package io.varve.http.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve backup …}: backups in a folder or an object store. */
@Command(
    name = "backup",
    description = {
      "Makes backups in a folder or in an object store that speaks S3, checks and restores them.",
      "Each backup is complete; files that an earlier one has already are not sent again."
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    subcommands = {
      BackupCreateCommand.class,
      BackupListCommand.class,
      BackupVerifyCommand.class,
      BackupRestoreCommand.class,
      BackupPruneCommand.class
    })
final class BackupCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "Say what to do: varve backup create | list | verify | restore | prune");
  }
}
