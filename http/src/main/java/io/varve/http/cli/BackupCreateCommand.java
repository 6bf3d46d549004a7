package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.http.backup.BackupPlace;
import io.varve.http.backup.EngineBackup;
import io.varve.retention.backup.Backups;
import io.varve.retention.backup.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve backup create}: makes a backup. */
@Command(
    name = "create",
    description = {
      "Makes a backup of a running server, in the place that its configuration names, or of a data"
          + " folder that no server has open.",
      "It is there as a whole or not at all; one that was broken off goes on from what it has"
          + " sent.",
      "Files that are damaged already are stored as they are and named; the exit code is 1 then."
    },
    mixinStandardHelpOptions = true)
final class BackupCreateCommand implements Callable<Integer> {
  private static final String PATH = "/api/v1/admin/backups";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private BackupTarget place = new BackupTarget();

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Where the server is, http://127.0.0.1:9201 by default; needs http.admin_api.")
  private @Nullable String url;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "In place of a server: a data folder that no server has open.")
  private @Nullable Path dataDir;

  @Override
  public Integer call() throws IOException {
    if (dataDir != null) {
      if (url != null) {
        throw new ParameterException(spec.commandLine(), "give --url or --data-dir, not both");
      }
      return ofFolder(dataDir);
    }
    if (place.isNamed()) {
      throw new ParameterException(
          spec.commandLine(),
          "a running server backs up to the place that its own configuration names; --store and"
              + " --config go with --data-dir");
    }
    AdminTarget server = new AdminTarget(url);
    JsonNode created;
    try (ProgressLine _ = new ProgressLine(() -> progress(server))) {
      created = server.post(PATH, Map.of());
    }
    List<String> problems = new ArrayList<>();
    created.path("problems").forEach(problem -> problems.add(problem.asText()));
    tell(
        created.path("name").asText(),
        created.path("files").asInt(),
        created.path("bytes").asLong(),
        created.path("uploadedFiles").asInt(),
        created.path("uploadedBytes").asLong());
    return exitCode(problems);
  }

  private static @Nullable String progress(AdminTarget server) {
    try {
      JsonNode running = server.get(PATH).path("running");
      return running.isMissingNode()
          ? null
          : new Progress.State(
                  running.path("step").asText(),
                  running.path("filesDone").asInt(),
                  running.path("files").asInt(),
                  running.path("bytesDone").asLong(),
                  running.path("bytes").asLong())
              .text();
    } catch (IOException e) {
      return null; // the request that counts will tell
    }
  }

  private int ofFolder(Path folder) throws IOException {
    var _ = Folders.withStore(folder);
    Progress progress = new Progress();
    try (BackupPlace opened = place.open();
        // What is stored is backed up as it is: nothing is decided here.
        Engine engine =
            Engine.open(
                EngineConfig.defaults(folder)
                    .withStoredRetention()
                    .withBackgroundThreads(false)
                    .withChronicleRegistry(false));
        ProgressLine _ = ProgressLine.of(progress)) {
      Backups.Created created =
          EngineBackup.create(
              engine, folder, opened.backups(), () -> "", InstantSource.system(), progress);
      tell(
          created.listing().name(),
          created.listing().files(),
          created.listing().bytes(),
          created.uploadedFiles(),
          created.uploadedBytes());
      return exitCode(created.problems());
    }
  }

  private static int exitCode(List<String> problems) {
    problems.forEach(problem -> System.err.println("damaged: " + problem));
    return problems.isEmpty() ? 0 : Failures.FAILED;
  }

  private static void tell(
      String name, int files, long bytes, int uploadedFiles, long uploadedBytes) {
    System.out.printf(
        Locale.ROOT,
        "backup %s: %,d files of %,d bytes, of which %,d of %,d bytes were new%n",
        name,
        files,
        bytes,
        uploadedFiles,
        uploadedBytes);
  }
}
