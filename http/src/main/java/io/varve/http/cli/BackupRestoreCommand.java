package io.varve.http.cli;

import io.varve.http.backup.BackupPlace;
import io.varve.retention.backup.BackupListing;
import io.varve.retention.backup.Backups;
import io.varve.retention.backup.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve backup restore NAME DIR}: makes a data folder of a backup. */
@Command(
    name = "restore",
    description = {
      "Makes a data folder of a backup, or of the state at a second, which varve serve --data-dir"
          + " then opens.",
      "Every file is proven while it is written. One that was broken off goes on where it ended"
          + " when it is begun again; until it is whole, no server opens the folder."
    },
    mixinStandardHelpOptions = true)
final class BackupRestoreCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private BackupTarget place = new BackupTarget();

  @Option(
      names = "--at",
      paramLabel = "TIME",
      description = {
        "In place of NAME: a second since the log is archived (backup.archive), as RFC 3339 or"
            + " seconds since the epoch.",
        "Restored is what was acknowledged before it began, and nothing that was logged later."
            + " varve backup list shows the seconds that are possible."
      })
  private @Nullable String at;

  @Option(
      names = "--allow-gap",
      description = "With --at: if that second is not known, takes the last one before it that is.")
  private boolean allowGap;

  @Option(
      names = "--timeline",
      paramLabel = "NAME",
      description =
          "With --at: the timeline that is meant; by default the newest that knows the second.")
  private String timeline = "";

  @Parameters(
      arity = "1..2",
      paramLabel = "NAME DIR",
      description =
          "The backup, or latest; and the data folder, which is empty or does not exist. Only the"
              + " folder with --at.")
  private List<String> operands = List.of();

  @Override
  public Integer call() throws IOException {
    if (operands.size() != (at == null ? 2 : 1)) {
      throw new ParameterException(
          spec.commandLine(),
          at == null
              ? "give the backup's name (or latest) and the folder; or --at TIME and the folder"
              : "with --at give the folder alone");
    }
    if (at == null && (allowGap || !timeline.isEmpty())) {
      throw new ParameterException(spec.commandLine(), "--allow-gap and --timeline go with --at");
    }
    Path dir = Path.of(operands.getLast());
    Progress progress = new Progress();
    try (BackupPlace opened = place.open();
        ProgressLine _ = ProgressLine.of(progress)) {
      if (at != null) {
        return restoreAt(opened.backups(), at, dir, progress);
      }
      BackupListing listing = opened.backups().restore(operands.getFirst(), dir, progress);
      System.out.printf(
          Locale.ROOT,
          "%s: %,d files of %,d bytes of backup %s%n",
          dir,
          listing.files(),
          listing.bytes(),
          listing.name());
      tellDamage(listing);
    }
    return 0;
  }

  /** It is restored as it was; the server tells what cannot be read of it. */
  private static void tellDamage(BackupListing listing) {
    for (String path : listing.damaged()) {
      System.err.println("damaged: " + path + " was when backup " + listing.name() + " was made");
    }
  }

  private int restoreAt(Backups backups, String time, Path dir, Progress progress)
      throws IOException {
    long second;
    try {
      second = Math.floorDiv(TimeOption.parse(time, Instant.now().toEpochMilli()), 1_000);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--at: " + e.getMessage(), e);
    }
    Backups.RestoredAt restored = backups.restoreAt(second, timeline, allowGap, dir, progress);
    System.out.printf(
        Locale.ROOT,
        "%s: the state at %s: %,d files of %,d bytes of backup %s, and %,d records of the log%n",
        dir,
        Instant.ofEpochSecond(restored.second()),
        restored.listing().files(),
        restored.listing().bytes(),
        restored.listing().name(),
        restored.records());
    tellDamage(restored.listing());
    return 0;
  }
}
