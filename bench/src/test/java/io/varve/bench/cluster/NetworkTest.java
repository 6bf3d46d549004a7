package io.varve.bench.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is sent from one node to another goes through, later, or not at all. */
final class NetworkTest {
  private final List<ServerSocket> nodes = new ArrayList<>();
  private Network network;

  /** Three nodes that send back what they get. */
  @BeforeEach
  void start() throws IOException {
    List<Integer> ports = new ArrayList<>();
    for (int n = 0; n < 3; n++) {
      ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      nodes.add(server);
      ports.add(server.getLocalPort());
      Thread.ofVirtual().start(() -> echo(server));
    }
    network = new Network(ports, ports, 1);
  }

  private static void echo(ServerSocket server) {
    while (true) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual()
            .start(
                () -> {
                  try (socket) {
                    socket.getInputStream().transferTo(socket.getOutputStream());
                  } catch (IOException e) {
                    // closed by the other side
                  }
                });
      } catch (IOException e) {
        return;
      }
    }
  }

  @AfterEach
  void stop() throws IOException {
    network.close();
    for (ServerSocket node : nodes) {
      node.close();
    }
  }

  private Socket connect(int from, int to) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), network.raftPort(from, to));
    socket.setSoTimeout(300);
    return socket;
  }

  private static int echoed(Socket socket, int value) throws IOException {
    socket.getOutputStream().write(value);
    return socket.getInputStream().read();
  }

  @Test
  void whatIsCutOffComesLater() throws IOException {
    try (Socket there = connect(0, 1);
        Socket elsewhere = connect(0, 2)) {
      assertThat(echoed(there, 7)).isEqualTo(7);
      network.wire(0, 1).cut();
      assertThatThrownBy(() -> echoed(there, 8)).isInstanceOf(SocketTimeoutException.class);
      assertThat(echoed(elsewhere, 9)).isEqualTo(9);
      try (Socket late = connect(0, 1)) {
        assertThatThrownBy(() -> echoed(late, 10)).isInstanceOf(SocketTimeoutException.class);
        network.heal();
        assertThat(late.getInputStream().read()).isEqualTo(10);
      }
      assertThat(there.getInputStream().read()).isEqualTo(8);
      assertThat(network.wire(0, 1).waits()).isPositive();
    }
  }

  @Test
  void oneDirectionIsCutForConnectionsOfBothSides() throws IOException {
    try (Socket there = connect(0, 1);
        Socket back = connect(1, 0)) {
      assertThat(echoed(there, 1)).isEqualTo(1);
      assertThat(echoed(back, 2)).isEqualTo(2);
      network.wire(1, 0).cut(); // node 1 hears, and is not heard
      assertThatThrownBy(() -> echoed(there, 3)).isInstanceOf(SocketTimeoutException.class);
      assertThatThrownBy(() -> echoed(back, 4)).isInstanceOf(SocketTimeoutException.class);
      network.heal();
      assertThat(there.getInputStream().read()).isEqualTo(3);
      assertThat(back.getInputStream().read()).isEqualTo(4);
    }
  }

  @Test
  void connectionsBreak() throws IOException {
    try (Socket there = connect(0, 1);
        Socket elsewhere = connect(2, 0)) {
      assertThat(echoed(there, 1)).isEqualTo(1);
      assertThat(echoed(elsewhere, 1)).isEqualTo(1);
      network.reset(1);
      assertThatThrownBy(
              () -> {
                if (echoed(there, 2) < 0) {
                  throw new IOException("the end");
                }
              })
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(SocketTimeoutException.class);
      assertThat(echoed(elsewhere, 3)).isEqualTo(3);
      try (Socket again = connect(0, 1)) {
        assertThat(echoed(again, 4)).isEqualTo(4);
      }
    }
  }

  @Test
  void slowWiresAndLossyOnesKeepTheOrder() throws IOException {
    network.wire(0, 1).delay(100, 20);
    try (Socket there = connect(0, 1)) {
      there.setSoTimeout(5_000);
      long begin = System.nanoTime();
      assertThat(echoed(there, 5)).isEqualTo(5);
      assertThat(System.nanoTime() - begin).isGreaterThan(100_000_000);
      network.heal();
      network.wire(0, 1).lossy(0.05, 0);
      for (int i = 0; i < 30; i++) {
        assertThat(echoed(there, i)).isEqualTo(i);
      }
      network.wire(0, 1).lossy(0, 1);
      assertThatThrownBy(
              () -> {
                if (echoed(there, 2) < 0) {
                  throw new IOException("the end");
                }
              })
          .isInstanceOf(IOException.class);
    }
  }
}
