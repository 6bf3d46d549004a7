package io.varve.bench.peers;

import io.varve.bench.workload.Capture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that names a recording of an exporter. */
public final class CaptureOption {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--capture",
      paramLabel = "FILE",
      defaultValue = "../shared/data/node_exporter.cap",
      description = "A recording of an exporter (default: ${DEFAULT-VALUE}).")
  private Path file = Path.of("");

  /** For picocli. */
  public CaptureOption() {}

  /**
   * Reads the recording.
   *
   * @throws ParameterException if there is no such file
   */
  public Capture read() throws IOException {
    if (!Files.exists(file)) {
      throw new ParameterException(
          spec.commandLine(), "no recording at " + file + "; name one with --capture FILE");
    }
    return Capture.read(file);
  }
}
