package io.varve.bench.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A loopback port that passes connections on to another one, over a wire each way. Threads of its
 * own; its owner closes it.
 */
final class TcpProxy implements AutoCloseable {
  private static final int PIECE_BYTES = 1 << 14;
  private static final int CONNECT_MILLIS = 2_000;

  private final ServerSocket server = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
  private final int target;
  private final Wire there;
  private final Wire back;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * A proxy that listens from now on.
   *
   * @param target port on the loopback address
   * @param there what clients send goes over it
   * @param back what they get goes over it
   */
  TcpProxy(int target, Wire there, Wire back) throws IOException {
    this.target = target;
    this.there = there;
    this.back = back;
    start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void start(Runnable task) {
    Thread thread =
        Thread.ofVirtual()
            .unstarted(
                () -> {
                  try {
                    task.run();
                  } finally {
                    threads.remove(Thread.currentThread());
                  }
                });
    threads.add(thread);
    thread.start();
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = server.accept();
        sockets.add(client);
        start(() -> connect(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void connect(Socket client) {
    Socket node = new Socket();
    sockets.add(node);
    try {
      if (there.pass() && back.pass()) { // the handshake needs both
        client.setTcpNoDelay(true);
        node.setTcpNoDelay(true);
        node.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), target), CONNECT_MILLIS);
        start(() -> pump(node, client, back));
        pump(client, node, there);
      } else {
        close(client, node);
      }
    } catch (IOException | InterruptedException e) {
      close(client, node);
    }
  }

  private void pump(Socket from, Socket to, Wire wire) {
    byte[] piece = new byte[PIECE_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int count;
      while ((count = in.read(piece)) >= 0 && wire.pass()) {
        out.write(piece, 0, count);
      }
    } catch (IOException | InterruptedException e) {
      // broken, as is told to both ends now
    } finally {
      close(from, to);
    }
  }

  private void close(Socket one, Socket other) {
    for (Socket socket : new Socket[] {one, other}) {
      sockets.remove(socket);
      try {
        socket.close();
      } catch (IOException e) {
        // it is gone either way
      }
    }
  }

  /** Breaks all connections that there are. */
  void reset() {
    for (Socket socket : sockets) {
      try {
        socket.setSoLinger(true, 0); // RST, not FIN
      } catch (IOException e) {
        // closed meanwhile
      }
      close(socket, socket);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    server.close();
    reset();
    for (Thread thread : threads) {
      thread.interrupt();
    }
  }
}
