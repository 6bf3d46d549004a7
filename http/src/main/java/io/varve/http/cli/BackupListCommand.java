package io.varve.http.cli;

import io.varve.http.backup.BackupPlace;
import io.varve.retention.backup.BackupListing;
import io.varve.retention.backup.Backups;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code varve backup list}: the backups that are there. */
@Command(
    name = "list",
    description =
        "Lists the backups, oldest first, and the seconds to which the archived log"
            + " can bring them.",
    mixinStandardHelpOptions = true)
final class BackupListCommand implements Callable<Integer> {
  @Mixin private BackupTarget place = new BackupTarget();

  @Override
  public Integer call() throws IOException {
    boolean damaged = false;
    TextTable table = new TextTable("NAME", "TIME", "FILES", "BYTES", "POSITION");
    List<Backups.Range> ranges;
    try (BackupPlace opened = place.open()) {
      opened.requireBackups();
      ranges = opened.backups().ranges();
      for (Backups.Found found : opened.backups().list()) {
        BackupListing listing = found.listing();
        if (listing == null) {
          System.err.println("damaged: " + found.name() + ": " + found.problem());
          damaged = true;
        } else {
          for (String path : listing.damaged()) {
            System.err.println(
                "damaged: " + found.name() + ": " + path + " was when it was stored");
            damaged = true;
          }
          table.row(
              found.name(),
              Instant.ofEpochMilli(listing.createdMillis()).toString(),
              Integer.toString(listing.files()),
              String.format(Locale.ROOT, "%,d", listing.bytes()),
              Long.toString(listing.shards().getFirst().position()));
        }
      }
    }
    table.print(System.out);
    if (!ranges.isEmpty()) {
      System.out.println();
      System.out.println("The state at any of these seconds can be restored with --at:");
      TextTable seconds = new TextTable("FROM", "TO", "TIMELINE");
      for (Backups.Range range : ranges) {
        seconds.row(
            Instant.ofEpochSecond(range.fromSecond()).toString(),
            Instant.ofEpochSecond(range.toSecond()).toString(),
            range.timeline());
      }
      seconds.print(System.out);
    }
    return damaged ? Failures.FAILED : 0;
  }
}
