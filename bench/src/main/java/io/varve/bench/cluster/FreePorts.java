package io.varve.bench.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Ports for nodes that are killed and started again: below those that the system gives to outgoing
 * connections, so that none of these has taken one meanwhile.
 */
final class FreePorts {
  private static final int LEAST = 12_000;
  private static final int MOST = 32_000;
  private static final int TRIES = 1_000;

  private FreePorts() {}

  /** So many ports of the loopback address that nobody listens on, all different. */
  static List<Integer> choose(int count) throws IOException {
    Random random = new Random();
    List<Integer> ports = new ArrayList<>();
    for (int tries = 0; ports.size() < count; tries++) {
      int port = LEAST + random.nextInt(MOST - LEAST);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        if (!ports.contains(socket.getLocalPort())) {
          ports.add(port);
        }
      } catch (IOException e) {
        if (tries == TRIES) {
          throw e;
        }
      }
    }
    return ports;
  }
}
