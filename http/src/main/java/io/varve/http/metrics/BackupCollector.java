package io.varve.http.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.varve.http.backup.BackupService;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Backups, asked once per scrape; nothing if they have no place. Any thread. */
final class BackupCollector implements MultiCollector {
  private static final double SECOND_MILLIS = 1e3;

  private final BooleanSupplier isSet;
  private final Supplier<BackupService.Status> status;

  BackupCollector(BooleanSupplier isSet, Supplier<BackupService.Status> status) {
    this.isSet = isSet;
    this.status = status;
  }

  @Override
  public MetricSnapshots collect() {
    Families to = new Families();
    if (isSet.getAsBoolean()) {
      BackupService.Status now = status.get();
      to.gauge(
              "varve_backup_last_success_timestamp_seconds",
              "When the newest backup was made that this process knows of, in Unix time; 0 if it"
                  + " knows of none.",
              now.lastMillis() / SECOND_MILLIS)
          .gauge(
              "varve_backup_last_failed",
              "1 if the last attempt at a backup failed, else 0.",
              now.lastFailure().isEmpty() ? 0 : 1)
          .gauge(
              "varve_backup_running",
              "1 while a backup is being made, else 0.",
              now.running() == null ? 0 : 1)
          .counter("varve_backups", "Backups made.", now.made())
          .counter("varve_backup_failures", "Attempts at a backup that failed.", now.failures())
          .counter(
              "varve_backup_uploaded_bytes",
              "Size of the files that backups have sent.",
              now.uploadedBytes())
          .counter(
              "varve_backup_retries",
              "Requests to the object store that were sent once more.",
              now.retries())
          .counter(
              "varve_backups_removed",
              "Backups removed because the settings do not keep them.",
              now.removed());
      BackupService.Archive log = now.archive();
      if (log.isSet()) {
        to.gauge(
                "varve_archive_timestamp_seconds",
                "The second up to which the log is archived, in Unix time; 0 if nothing is.",
                log.archivedToSecond())
            .gauge(
                "varve_archive_last_failed",
                "1 if the last attempt at archiving the log failed, else 0.",
                log.failure().isEmpty() ? 0 : 1)
            .counter(
                "varve_archive_records", "Records of the log that were archived.", log.records())
            .counter("varve_archive_bytes", "Their size in the store.", log.bytes())
            .counter("varve_archive_objects", "Objects that were stored for it.", log.objects())
            .counter("varve_archive_failures", "Attempts that failed.", log.failures())
            .counter(
                "varve_archive_gaps",
                "How often log left the disk before it was archived.",
                log.gaps())
            .gauge(
                "varve_archive_log_bytes",
                "Log on the disk, with what waits to be archived.",
                log.logBytes());
      }
    }
    return to.all();
  }
}
