package io.varve.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A disk of a few megabytes that can be full: a tmpfs, mounted on a folder. */
final class SmallDisk implements AutoCloseable {
  private static final String BALLAST = "ballast";

  private final Path folder;

  private SmallDisk(Path folder) {
    this.folder = folder;
  }

  /** Mounts one; the test is skipped where that is not allowed. */
  static SmallDisk on(Path folder, int megabytes) throws IOException, InterruptedException {
    Files.createDirectories(folder);
    String problem =
        run(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "size=" + megabytes + "m",
            "varve-test",
            folder.toString());
    Assumptions.assumeTrue(problem.isEmpty(), "needs to mount a small disk: " + problem);
    return new SmallDisk(folder);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), Charset.defaultCharset());
    return process.waitFor() == 0 ? "" : "exit " + process.exitValue() + " " + output.strip();
  }

  /** Takes all space that is left. */
  void fill() throws IOException {
    byte[] piece = new byte[4096];
    try (OutputStream out = Files.newOutputStream(folder.resolve(BALLAST))) {
      while (Files.getFileStore(folder).getUsableSpace() > 0) {
        out.write(piece);
      }
    } catch (IOException e) {
      if (Files.getFileStore(folder).getUsableSpace() > 0) {
        throw e;
      }
    }
  }

  /** Gives the space back. */
  void free() throws IOException {
    Files.delete(folder.resolve(BALLAST));
  }

  @Override
  public void close() throws IOException, InterruptedException {
    String problem = run("umount", "-l", folder.toString());
    if (!problem.isEmpty()) {
      throw new IOException(problem);
    }
  }
}
