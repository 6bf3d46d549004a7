package io.varve.bench.pages;

import io.varve.bench.peers.CaptureOption;
import io.varve.bench.peers.Trees;
import io.varve.bench.workload.Capture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** {@code varve bench pages}. */
@Command(
    name = "pages",
    description = {
      "What a general compressor would gain on the values of merged chunk files, in pages of"
          + " several series, and what undoing it would cost.",
      "",
      "Replays a recording once into an engine in a temporary folder, for 40 hosts at 15 s and for"
          + " 4 hosts at 1 s. The table goes to standard output. A read of one block undoes its"
          + " whole page; a read of everything undoes each page once.",
      ""
    },
    sortOptions = false)
public final class PagesCommand implements Callable<Integer> {
  private static final int[] PAGE_BYTES = {16 << 10, 64 << 10};

  /** Where a page begins and how long it is have to be written down somewhere. */
  private static final int PAGE_ENTRY_BYTES = 4;

  private static final int ROUNDS = 7;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CaptureOption capture;

  /** For picocli. */
  PagesCommand() {}

  @Override
  public Integer call() throws IOException {
    Capture recording = capture.read();
    report(recording, 40, 15);
    report(recording, 4, 1);
    return ExitCode.OK;
  }

  private static void report(Capture recording, int hosts, int intervalSeconds) throws IOException {
    Path folder = Files.createTempDirectory("varve-bench-pages");
    try {
      ValueSections values = ValueSections.of(recording, hosts, intervalSeconds, folder);
      double samples = values.samples();
      System.out.printf(
          Locale.ROOT,
          "%n%d hosts at %d s: %,d samples in %,d blocks; %.4f B/sample in files, %.4f of it"
              + " values; reading them takes %.2f ns/sample, %.1f µs/block%n%n",
          hosts,
          intervalSeconds,
          values.samples(),
          values.blocks(),
          values.fileBytes() / samples,
          values.bytes() / samples,
          values.decodeNanos() / samples,
          values.decodeNanos() / 1e3 / values.blocks());
      System.out.println("| codec | page | B/sample | gained | of values | ns/sample | µs/page |");
      System.out.println("|---|---|---|---|---|---|---|");
      for (int pageBytes : PAGE_BYTES) {
        List<byte[]> pages = cut(values.sections(), pageBytes);
        for (PageCodec codec : PageCodec.all()) {
          try (codec) {
            report(codec, pageBytes, pages, values);
          }
        }
      }
    } finally {
      Trees.delete(folder);
    }
  }

  private static List<byte[]> cut(List<byte[]> sections, int pageBytes) {
    List<byte[]> pages = new ArrayList<>();
    for (byte[] section : sections) {
      for (int from = 0; from < section.length; from += pageBytes) {
        pages.add(Arrays.copyOfRange(section, from, Math.min(section.length, from + pageBytes)));
      }
    }
    return pages;
  }

  private static void report(
      PageCodec codec, int pageBytes, List<byte[]> pages, ValueSections values) {
    List<byte[]> packed = new ArrayList<>(); // those that became smaller; the others stay as is
    long bytes = 0;
    byte[] into = new byte[pageBytes];
    for (byte[] page : pages) {
      byte[] small = codec.compress(page);
      int length = codec.decompress(small, into);
      if (!Arrays.equals(page, 0, page.length, into, 0, length)) {
        throw new IllegalStateException(codec.name() + " gives back another page");
      }
      if (small.length < page.length) {
        packed.add(small);
      }
      bytes += Math.min(small.length, page.length) + PAGE_ENTRY_BYTES;
    }
    long best = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long begin = System.nanoTime();
      for (byte[] page : packed) {
        codec.decompress(page, into);
      }
      best = Math.min(best, System.nanoTime() - begin);
    }
    double samples = values.samples();
    System.out.printf(
        Locale.ROOT,
        "| %s | %d KiB | %.4f | %.4f | %.1f %% | %.2f | %.1f |%n",
        codec.name(),
        pageBytes >> 10,
        bytes / samples,
        (values.bytes() - bytes) / samples,
        100.0 * (values.bytes() - bytes) / values.bytes(),
        best / samples,
        packed.isEmpty() ? 0 : best / 1e3 / packed.size());
  }
}
