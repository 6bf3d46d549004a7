package io.varve.bench.peers;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A store that is ready, and a client of it; both end with it.
 *
 * @param readySeconds from the start of the process until it was ready
 */
record RunningStore(Peer peer, ServerProcess server, Client client, int port, double readySeconds)
    implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final long LOOK_MILLIS = 1000;
  private static final int MOST_LOOKS = 120;
  private static final double QUIET_SHARE = 0.05; // of a core

  /**
   * Starts a store and waits until it is ready.
   *
   * @param work holds its data folder and its log
   */
  static RunningStore start(Peer peer, Peer.Settings settings, Path work)
      throws IOException, InterruptedException {
    Path data = Files.createDirectories(data(peer, work));
    int port = ServerProcess.freePort();
    long begin = System.nanoTime();
    ServerProcess server = new ServerProcess(peer.command(settings, data, port), log(peer, work));
    Client client = new Client(port);
    try {
      client.awaitReady(peer.readyPath(), server, PATIENCE);
    } catch (InterruptedException | RuntimeException e) {
      client.close();
      server.close();
      throw e;
    }
    return new RunningStore(peer, server, client, port, (System.nanoTime() - begin) / 1e9);
  }

  static Path data(Peer peer, Path work) {
    return work.resolve(peer.program());
  }

  static Path log(Peer peer, Path work) {
    return work.resolve(peer.program() + ".log");
  }

  /** Deletes what an earlier run of a store has left. */
  static void forget(Peer peer, Path work) throws IOException {
    Trees.delete(data(peer, work));
    Files.deleteIfExists(log(peer, work));
  }

  /**
   * Has it do what it put off, and waits until it uses less than 5 % of a core for a second.
   *
   * @param quietMillis how long that takes at least: stores write their buffers after some seconds;
   *     a second, too, is cut to this
   */
  void settle(long quietMillis) throws IOException, InterruptedException {
    for (String path : peer.settlePaths()) {
      HttpResponse<String> answer = client.post(path);
      if (answer.statusCode() >= 300) {
        throw new IOException(path + " answered " + answer.statusCode() + ": " + answer.body());
      }
    }
    long look = Math.min(LOOK_MILLIS, quietMillis);
    Thread.sleep(quietMillis - look);
    for (int looks = 0; looks < MOST_LOOKS; looks++) {
      double before = server.cpuSeconds();
      Thread.sleep(look);
      if (server.cpuSeconds() - before < QUIET_SHARE * look / 1000) {
        return;
      }
    }
  }

  @Override
  public void close() {
    client.close();
    server.close();
  }
}
