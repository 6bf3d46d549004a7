package io.varve.bench.peers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server under measurement: a child process whose CPU time and memory are read from {@code
 * /proc}. Its owner stops it.
 */
public final class ServerProcess implements AutoCloseable {
  private static final double TICK_SECONDS = 0.01; // USER_HZ is 100 on every Linux

  private final Process process;
  private final Thread watcher;
  private final Thread hook;
  private volatile long peakAnonymousBytes;

  /** Starts a command; its output is appended to a file. */
  public ServerProcess(List<String> command, Path output) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
    process = builder.start();
    hook = Thread.ofPlatform().unstarted(process::destroyForcibly);
    Runtime.getRuntime()
        .addShutdownHook(hook); // it must not outlive a benchmark that is broken off
    watcher = Thread.ofPlatform().daemon().name("bench-memory-watcher").start(this::watch);
  }

  private void watch() {
    while (process.isAlive()) {
      try {
        peakAnonymousBytes = Math.max(peakAnonymousBytes, statusBytes("RssAnon"));
        Thread.sleep(50);
      } catch (IOException | InterruptedException e) {
        return; // the process has ended
      }
    }
  }

  /** A free port on the loopback address. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** User and system time of the process and its ended children, in seconds. */
  public double cpuSeconds() throws IOException {
    String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    long ticks = 0;
    for (int field = 11; field <= 14; field++) { // utime, stime, cutime, cstime
      ticks += Long.parseLong(fields[field]);
    }
    return ticks * TICK_SECONDS;
  }

  /**
   * Bytes that the process has caused to be written to storage, in whole pages, each time that one
   * is made dirty. 0 where files live in memory (tmpfs).
   */
  public long writtenBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/io"))) {
      if (line.startsWith("write_bytes:")) {
        return Long.parseLong(line.substring(line.indexOf(' ') + 1));
      }
    }
    return 0;
  }

  private long statusBytes(String name) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
      }
    }
    return 0;
  }

  /** The largest resident memory so far. */
  public long peakResidentBytes() throws IOException {
    return statusBytes("VmHWM");
  }

  /** The largest anonymous (not file-backed) resident memory seen so far. */
  public long peakAnonymousBytes() {
    return peakAnonymousBytes;
  }

  /** Resident memory now. */
  public long residentBytes() throws IOException {
    return statusBytes("VmRSS");
  }

  /** Anonymous (not file-backed) resident memory now. */
  public long anonymousBytes() throws IOException {
    return statusBytes("RssAnon");
  }

  /** The number that the system gave it. */
  public long pid() {
    return process.pid();
  }

  /** False once it has ended. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Ends it as an operator would, by SIGTERM. */
  public void stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new IllegalStateException("the server did not end within 60 s of SIGTERM");
    }
  }

  /** Ends it by SIGKILL. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    watcher.interrupt();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // it is running already
    }
  }
}
