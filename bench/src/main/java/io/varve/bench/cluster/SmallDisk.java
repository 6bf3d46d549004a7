package io.varve.bench.cluster;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A disk of a few megabytes that can be filled: a tmpfs of limited size, mounted on a folder. Needs
 * root. Its owner closes it, which unmounts it.
 */
final class SmallDisk implements AutoCloseable {
  private static final String BALLAST = "ballast";
  private static final int PIECE_BYTES = 1 << 16;

  private final Path folder;
  private final Thread hook;
  private boolean mounted = true;

  private SmallDisk(Path folder) {
    this.folder = folder;
    hook = Thread.ofPlatform().unstarted(this::unmount);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * Mounts a disk on a folder that exists.
   *
   * @throws IOException if this process must not, or the system cannot
   */
  static SmallDisk mount(Path folder, int megabytes) throws IOException, InterruptedException {
    String size = "size=" + megabytes + "m";
    run("mount", "-t", "tmpfs", "-o", size, "varve-bench", folder.toString());
    return new SmallDisk(folder);
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), Charset.defaultCharset());
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output.strip());
    }
  }

  /** Takes all space that is left. */
  void fill() throws IOException {
    byte[] piece = new byte[PIECE_BYTES];
    try (OutputStream out =
        Files.newOutputStream(
            folder.resolve(BALLAST), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      while (Files.getFileStore(folder).getUsableSpace() > 0) {
        out.write(piece);
      }
    } catch (IOException e) {
      // It is full: that was to be.
    }
  }

  /** Gives the space back. */
  void free() throws IOException {
    Files.deleteIfExists(folder.resolve(BALLAST));
  }

  private synchronized void unmount() {
    try {
      if (mounted) {
        run("umount", "-l", folder.toString());
        mounted = false;
      }
    } catch (IOException e) {
      System.err.println(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    unmount();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // it is running already
    }
  }
}
