package io.varve.bench.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options that all benchmarks have that start servers: where things go, and help. */
public final class BenchOptions {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the figures to a file, too, as JSON.")
  private @Nullable Path json;

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description =
          "For data and logs of the servers, replaced and left there (default: a temporary folder,"
              + " deleted afterwards unless something fails).")
  private @Nullable Path work;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help message and exit.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean help;

  /** For picocli. */
  public BenchOptions() {}

  /** True if the folder for data and logs was named and so stays. */
  public boolean keepsWork() {
    return work != null;
  }

  /** The folder for data and logs, there from now on. */
  public Path work() throws IOException {
    return work == null
        ? Files.createTempDirectory("varve-bench")
        : Files.createDirectories(work).toAbsolutePath();
  }

  /** Deletes a folder that {@link #work} made, or says where it is if it stays. */
  public void leave(Path folder, boolean failed) throws IOException {
    if (keepsWork() || failed) {
      System.err.println("data and logs of the servers are in " + folder);
    } else {
      Trees.delete(folder);
    }
  }

  /** Writes a report if it was asked for. */
  public void writeJson(Object report) throws IOException {
    if (json != null) {
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .writeValue(json.toFile(), report);
    }
  }

  /** What to throw for a command line that cannot be carried out. */
  public ParameterException wrong(String why) {
    return new ParameterException(spec.commandLine(), why);
  }
}
