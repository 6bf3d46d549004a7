package io.varve.bench.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The time of day of a process, which can be set while it runs; its monotonic clock goes right.
 * This is libfaketime (Debian: package faketime), which stands between a process and the system.
 */
final class SkewedClock {
  private static final List<Path> LIBRARIES =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
          Path.of("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"),
          Path.of("/usr/lib64/faketime/libfaketimeMT.so.1"),
          Path.of("/usr/lib/faketime/libfaketimeMT.so.1"));

  private final Path library;
  private final Path file;

  private SkewedClock(Path library, Path file) throws IOException {
    this.library = library;
    this.file = file;
    set(0);
  }

  /**
   * A clock that goes right so far.
   *
   * @param file tells the process how far off it is to be
   * @return null if the library is not installed
   */
  static @Nullable SkewedClock make(Path file) throws IOException {
    for (Path library : LIBRARIES) {
      if (Files.isReadable(library)) {
        return new SkewedClock(library, file);
      }
    }
    return null;
  }

  /** What goes before the command of the process. */
  List<String> prefix() {
    return List.of(
        "env",
        "LD_PRELOAD=" + library,
        "FAKETIME_TIMESTAMP_FILE=" + file,
        "FAKETIME_CACHE_DURATION=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        // Without it the library takes the monotonic deadlines of a JVM's waits for times of day.
        "FAKETIME_FORCE_MONOTONIC_FIX=0");
  }

  /** Sets it off by so many seconds, within a second from now. */
  void set(int seconds) throws IOException {
    Path draft = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(draft, (seconds < 0 ? "" : "+") + seconds + "\n");
    Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
