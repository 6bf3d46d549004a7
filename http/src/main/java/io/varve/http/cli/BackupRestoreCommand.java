package io.varve.http.cli;

import io.varve.http.backup.BackupPlace;
import io.varve.retention.backup.BackupListing;
import io.varve.retention.backup.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve backup restore NAME DIR}: makes a data folder of a backup. */
@Command(
    name = "restore",
    description = {
      "Makes a data folder of a backup, which varve serve --data-dir then opens.",
      "Every file is proven while it is written. One that was broken off goes on where it ended"
          + " when it is begun again; until it is whole, no server opens the folder."
    },
    mixinStandardHelpOptions = true)
final class BackupRestoreCommand implements Callable<Integer> {
  @Mixin private BackupTarget place = new BackupTarget();

  @Parameters(index = "0", paramLabel = "NAME", description = "Of the backup, or latest.")
  private String name = "";

  @Parameters(
      index = "1",
      paramLabel = "DIR",
      description = "The data folder, which is empty or does not exist.")
  private @Nullable Path folder;

  @Override
  public Integer call() throws IOException {
    Path dir = Folders.required(folder);
    Progress progress = new Progress();
    try (BackupPlace opened = place.open();
        ProgressLine _ = ProgressLine.of(progress)) {
      BackupListing listing = opened.backups().restore(name, dir, progress);
      System.out.printf(
          Locale.ROOT,
          "%s: %,d files of %,d bytes of backup %s%n",
          dir,
          listing.files(),
          listing.bytes(),
          listing.name());
    }
    return 0;
  }
}
