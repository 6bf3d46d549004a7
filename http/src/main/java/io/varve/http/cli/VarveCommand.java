package io.varve.http.cli;

import io.varve.http.Version;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The top of the command line. */
@Command(
    name = "varve",
    description = "A time-series metrics store: remote write in, PromQL out.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = VarveCommand.Versions.class,
    subcommands = {
      ServeCommand.class,
      InspectCommand.class,
      VerifyCommand.class,
      DeleteCommand.class,
      UndeleteCommand.class,
      DeletesCommand.class,
      CorrectCommand.class,
      AggregatesCommand.class,
      VersionCommand.class,
      QueryCommand.class,
      RetentionCommand.class,
      BackupCommand.class,
      ClusterCommand.class,
      PromqlTestCommand.class,
      TestCommand.class,
      CheckCommand.class,
      RulesCommand.class,
      RehearseCommand.class,
      HelpCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done; a server that was told to stop has stopped",
      "1:failed: the server cannot start, the data is damaged or cannot be read",
      "2:the command line or the configuration is not understood"
    },
    footer = {
      "",
      "varve help COMMAND tells more about a command.",
      "In a source tree, ./varve bench runs the benchmarks."
    })
public final class VarveCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  /** For picocli. */
  VarveCommand() {}

  /** Runs a command line and returns the exit code. */
  public static int run(String... args) {
    return new CommandLine(new VarveCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((problem, arguments) -> explain(problem))
        .setExecutionExceptionHandler((failure, commandLine, parsed) -> Failures.explain(failure))
        .execute(args);
  }

  /** In a line or two: the whole usage would push what is wrong off the screen. */
  private static int explain(ParameterException problem) {
    CommandLine command = problem.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("varve: " + problem.getMessage());
    boolean guessed = UnmatchedArgumentException.printSuggestions(problem, err);
    if (command.getParent() == null && !guessed) {
      command.usage(err);
    } else {
      err.println(
          command.getCommandSpec().qualifiedName() + " --help tells what can be said here.");
    }
    err.flush();
    return Failures.NOT_UNDERSTOOD;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what to do, for example: varve serve");
  }

  /** What {@code --version} prints. */
  static final class Versions implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"varve " + Version.varve()};
    }
  }
}
