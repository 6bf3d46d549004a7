package io.varve.http.cli;

import io.varve.http.backup.BackupPlace;
import io.varve.retention.backup.KeepRules;
import io.varve.retention.backup.Pruning;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve backup prune}: removes backups that are not to be kept. */
@Command(
    name = "prune",
    description = {
      "Removes backups that no rule keeps, and the objects that no backup needs any more.",
      "The newest backup always stays; without any rule all do. Safe while a backup is being made."
    },
    mixinStandardHelpOptions = true)
final class BackupPruneCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private BackupTarget place = new BackupTarget();

  @Option(
      names = "--keep-last",
      paramLabel = "N",
      description = "Keeps the newest N; backup.keep_last of the configuration by default.")
  private @Nullable Integer last;

  @Option(
      names = "--keep-daily",
      paramLabel = "N",
      description = "Keeps the newest of each of N days; backup.keep_daily by default.")
  private @Nullable Integer daily;

  @Override
  public Integer call() throws IOException {
    KeepRules configured = place.settings().backup().keep();
    KeepRules keep;
    try {
      keep =
          new KeepRules(
              last == null ? configured.last() : last, daily == null ? configured.daily() : daily);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--keep-… takes 0 or more", e);
    }
    try (BackupPlace opened = place.open()) {
      opened.requireBackups();
      Pruning.Result result = opened.backups().prune(keep);
      result.removed().forEach(name -> System.out.println("removed " + name));
      System.out.printf(
          Locale.ROOT,
          "%,d backups removed, %,d kept; %,d objects of %,d bytes removed%n",
          result.removed().size(),
          result.kept(),
          result.objects(),
          result.bytes());
      if (!result.postponed().isEmpty()) {
        System.out.println("objects stay for now: " + result.postponed());
      }
    }
    return 0;
  }
}
