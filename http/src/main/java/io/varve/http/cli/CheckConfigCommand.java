package io.varve.http.cli;

import io.varve.http.backup.BackupPlace;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.LogLevel;
import io.varve.http.notify.Notifier;
import io.varve.http.notify.Tls;
import io.varve.http.replay.Replay;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFiles;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve check config FILE}: whether a server would start with a configuration. */
@Command(
    name = "config",
    description = {
      "Checks the configuration of a server, and the files of rules that it names.",
      "Exits with 1 if a server would not take it."
    },
    mixinStandardHelpOptions = true)
final class CheckConfigCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "The configuration.")
  private @Nullable Path file;

  @Option(names = "--syntax-only", description = "Leaves the files alone that it names.")
  private boolean syntaxOnly;

  @Override
  public Integer call() {
    Logging.level(LogLevel.ERROR);
    Path path = Folders.required(file);
    PrintStream out = System.out;
    out.println("Checking " + path);
    ServerConfig config;
    List<RuleFiles.Loaded> rules;
    try {
      config = ServerConfig.load(path);
      rules = syntaxOnly ? List.of() : RuleFiles.load(config.rules().files(), Replay.checker());
      if (!syntaxOnly) {
        checkKeys(config);
      }
    } catch (ConfigException | RuleException e) {
      out.flush();
      System.err.println("  FAILED:");
      System.err.println(e.getMessage());
      return Failures.FAILED;
    }
    List<String> problems = syntaxOnly ? List.of() : Notifier.problems(config.alerting());
    if (!problems.isEmpty()) {
      out.flush();
      System.err.println("  FAILED:");
      problems.forEach(System.err::println);
      return Failures.FAILED;
    }
    for (RuleFiles.Loaded loaded : rules) {
      int count = loaded.file().groups().stream().mapToInt(group -> group.rules().size()).sum();
      out.println("  " + loaded.path() + ": " + count + " rules found");
    }
    out.println("  SUCCESS: " + path + " is a valid configuration");
    return 0;
  }

  private static void checkKeys(ServerConfig config) {
    BackupPlace.check(config.backup());
    if (config.cluster().isSet()) {
      var _ = config.cluster().token();
      if (config.cluster().tls().isSet()) {
        var _ = Tls.ofCluster(config.cluster().tls());
      }
    }
  }
}
