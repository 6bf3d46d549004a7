package io.varve.http.cli;

import io.varve.engine.DataFolder;
import io.varve.engine.DataFolder.Contents;
import io.varve.engine.DataFolder.Window;
import io.varve.http.config.Durations;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code varve inspect DIR}: what is in a data folder. */
@Command(
    name = "inspect",
    description = "Shows what is in a data folder; also beside a running server.",
    mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "The data folder.")
  private @Nullable Path folder;

  @Override
  public Integer call() throws IOException {
    print(new DataFolder(Folders.withStore(folder)).contents(), System.out);
    return 0;
  }

  private static void print(Contents contents, PrintStream out) {
    out.printf(
        Locale.ROOT,
        "store %016x, windows of %s, encoder version %d%n",
        contents.storeId(),
        Durations.print(contents.windowMillis()),
        contents.encoderVersion());
    out.printf(
        Locale.ROOT,
        "log: %d segments, %s; files hold everything up to position %d, the saved head up to %d (%d"
            + " files, %s)%n",
        contents.logSegments(),
        size(contents.logBytes()),
        contents.flushedPosition(),
        contents.checkpointPosition(),
        contents.checkpointFiles(),
        size(contents.checkpointBytes()));
    if (contents.windows().isEmpty()) {
      out.println("no windows with files yet");
      return;
    }
    out.printf(
        Locale.ROOT,
        "%n%-22s %8s %10s %7s %5s %6s %14s %11s %11s %8s%n",
        "window",
        "buckets",
        "series",
        "flushed",
        "late",
        "merged",
        "samples",
        "chunks",
        "index",
        "B/sample");
    Window all = new Window(0, "all", 0, 0, 0, 0, 0, 0, 0, 0, 0, false);
    for (Window window : contents.windows()) {
      print(window, out);
      all =
          new Window(
              0,
              "all " + contents.windows().size(),
              Math.max(all.buckets(), window.buckets()),
              Math.max(all.series(), window.series()),
              all.flushed() + window.flushed(),
              all.late() + window.late(),
              all.merged() + window.merged(),
              all.samples() + window.samples(),
              all.chunkBytes() + window.chunkBytes(),
              all.indexSegments() + window.indexSegments(),
              all.indexBytes() + window.indexBytes(),
              false);
    }
    if (contents.windows().size() > 1) {
      print(all, out);
      out.println("(buckets and series of the largest window)");
    }
  }

  private static void print(Window window, PrintStream out) {
    long bytes = window.chunkBytes() + window.indexBytes();
    out.printf(
        Locale.ROOT,
        "%-22s %8d %10d %7d %5d %6d %14d %11s %11s %8s%s%n",
        window.folder(),
        window.buckets(),
        window.series(),
        window.flushed(),
        window.late(),
        window.merged(),
        window.samples(),
        size(window.chunkBytes()),
        size(window.indexBytes()),
        window.samples() == 0
            ? "-"
            : String.format(Locale.ROOT, "%.3f", (double) bytes / window.samples()),
        window.deletes() ? "  with deletes" : "");
  }

  private static String size(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " B";
    }
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / (double) (1 << 10));
    }
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
