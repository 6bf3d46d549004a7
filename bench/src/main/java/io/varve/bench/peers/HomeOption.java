package io.varve.bench.peers;

import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that says where Varve's launcher stands, for what starts it as a server. */
public final class HomeOption {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--home",
      paramLabel = "DIR",
      defaultValue = "${sys:varve.home:-.}",
      description = "Where ./varve stands (default: ${DEFAULT-VALUE}).")
  private Path home = Path.of("");

  /** For picocli. */
  public HomeOption() {}

  /**
   * The launcher of Varve.
   *
   * @throws ParameterException if there is none
   */
  public Path launcher() {
    Path varve = home.toAbsolutePath().normalize().resolve("varve");
    if (!Files.isExecutable(varve)) {
      throw new ParameterException(spec.commandLine(), "there is no " + varve + "; see --home");
    }
    return varve;
  }
}
