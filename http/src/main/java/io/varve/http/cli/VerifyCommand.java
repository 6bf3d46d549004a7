package io.varve.http.cli;

import io.varve.engine.DataFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve verify DIR}: proves every checksum. */
@Command(
    name = "verify",
    description = {
      "Reads every file of a data folder and proves every checksum; also beside a running server.",
      "Tells of each delete what has become of it, and proves of purged ones that nothing is left.",
      "Names file and place of each problem, and exits with 1 if there is any."
    },
    mixinStandardHelpOptions = true)
final class VerifyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "The data folder.")
  private @Nullable Path folder;

  @Option(names = "--verbose", description = "Names every file as it is read.")
  private boolean verbose;

  private int problems;

  @Override
  public Integer call() throws IOException {
    Path dir = Folders.withStore(folder);
    int files =
        new DataFolder(dir)
            .verify(
                file -> {
                  if (verbose) {
                    System.out.println(file);
                  }
                },
                problem -> {
                  problems++;
                  System.out.println("PROBLEM " + problem);
                },
                System.out::println);
    System.out.println(
        files + " files read, " + (problems == 0 ? "no problem" : problems + " problems"));
    return problems == 0 ? 0 : 1;
  }
}
