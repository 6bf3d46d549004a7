package io.varve.bench.cluster;

import io.varve.bench.peers.ServerProcess;
import io.varve.bench.peers.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node of a cluster as a process of its own, with a folder for its data. One thread; its owner
 * closes it.
 */
final class ClusterNode implements AutoCloseable {
  private final List<String> command;
  private final Path data;
  private final Path log;
  private final @Nullable SkewedClock clock;
  private final @Nullable SmallDisk disk;
  private @Nullable ServerProcess process;
  private boolean paused;

  /**
   * A node that does not run yet.
   *
   * @param command starts it
   * @param log its output is appended to it
   * @param clock what it takes for the time, null for the machine's
   * @param disk what its data folder is on, null for the machine's
   */
  ClusterNode(
      List<String> command,
      Path data,
      Path log,
      @Nullable SkewedClock clock,
      @Nullable SmallDisk disk) {
    this.command = List.copyOf(command);
    this.data = data;
    this.log = log;
    this.clock = clock;
    this.disk = disk;
  }

  Path data() {
    return data;
  }

  @Nullable SkewedClock clock() {
    return clock;
  }

  @Nullable SmallDisk disk() {
    return disk;
  }

  /** Starts it, if it does not run. */
  void start() throws IOException {
    if (isRunning()) {
      return;
    }
    closeProcess();
    List<String> all = new ArrayList<>();
    if (clock != null) {
      all.addAll(clock.prefix());
    }
    all.addAll(command);
    process = new ServerProcess(all, log);
    paused = false;
  }

  boolean isRunning() {
    return process != null && process.isAlive();
  }

  /** The process, which must run. */
  ServerProcess process() {
    if (process == null) {
      throw new IllegalStateException("the node was not started");
    }
    return process;
  }

  /** Ends it by SIGKILL. */
  void kill() throws InterruptedException {
    if (process != null) {
      process.kill();
    }
  }

  /** Ends it as an operator would. */
  void stop() throws InterruptedException {
    if (process != null && process.isAlive()) {
      process.stop();
    }
  }

  /** Lets it stand still (SIGSTOP). */
  void pause() throws IOException, InterruptedException {
    signal("STOP");
    paused = true;
  }

  /** Lets it go on. */
  void resume() throws IOException, InterruptedException {
    if (paused && isRunning()) {
      signal("CONT");
    }
    paused = false;
  }

  private void signal(String name) throws IOException, InterruptedException {
    if (isRunning()) {
      new ProcessBuilder("sh", "-c", "kill -" + name + " " + process().pid()).start().waitFor();
    }
  }

  /** Deletes all data of a node that does not run. */
  void wipe() throws IOException {
    if (isRunning()) {
      throw new IllegalStateException("the node runs");
    }
    try (var entries = Files.newDirectoryStream(data)) {
      for (Path entry : entries) {
        if (!entry.getFileName().toString().equals("lost+found")) {
          Trees.delete(entry);
        }
      }
    }
  }

  /** The last lines of its output that tell of trouble. */
  List<String> troubles(int most) throws IOException {
    List<String> found = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      if (line.contains("ERROR")
          || line.contains("SEVERE")
          || line.contains("WARN")
          || line.contains("Exception")) {
        found.add(line);
      }
    }
    return found.subList(Math.max(0, found.size() - most), found.size());
  }

  private void closeProcess() {
    if (process != null) {
      process.close();
      process = null;
    }
  }

  @Override
  public void close() {
    try {
      kill(); // and waits until it is gone
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closeProcess();
    if (disk != null) {
      disk.close();
    }
  }
}
