package io.varve.http.cli;

import io.varve.http.backup.BackupPlace;
import io.varve.retention.backup.Backups;
import io.varve.retention.backup.Progress;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve backup verify [NAME]}: proves every byte of backups. */
@Command(
    name = "verify",
    description = {
      "Reads every object of a backup, or of all and of the archived log, and proves its bytes.",
      "Names each damaged or missing object and the backups that need it, and exits with 1 if there"
          + " is any."
    },
    mixinStandardHelpOptions = true)
final class BackupVerifyCommand implements Callable<Integer> {
  @Mixin private BackupTarget place = new BackupTarget();

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description = "Of the backup, or latest; all by default.")
  private String name = "";

  @Override
  public Integer call() throws IOException {
    Progress progress = new Progress();
    try (BackupPlace opened = place.open();
        ProgressLine _ = ProgressLine.of(progress)) {
      Backups.Verified verified = opened.backups().verify(name, progress);
      verified.problems().forEach(problem -> System.out.println("PROBLEM " + problem));
      int problems = verified.problems().size();
      System.out.printf(
          Locale.ROOT,
          "%,d backups of %,d objects read%s, %s%n",
          verified.backups(),
          verified.objects(),
          verified.stretches() == 0
              ? ""
              : String.format(Locale.ROOT, ", and %,d of the log", verified.stretches()),
          problems == 0 ? "no problem" : problems + " problems");
      return problems == 0 ? 0 : Failures.FAILED;
    }
  }
}
