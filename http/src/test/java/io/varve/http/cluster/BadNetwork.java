package io.varve.http.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TCP connection on the way to a node that does what networks do: it breaks after some bytes,
 * stops without a word, or delivers a flipped bit.
 */
final class BadNetwork implements AutoCloseable {
  private final ServerSocket door;
  private final URI node;
  private final Random random;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  final AtomicInteger broken = new AtomicInteger();
  final AtomicInteger flipped = new AtomicInteger();
  final AtomicInteger stalled = new AtomicInteger();
  private volatile int mostBytes;
  private volatile boolean flips;
  private volatile boolean stalls;

  /** In front of a node; nothing goes wrong yet. */
  BadNetwork(URI node, Random random) throws IOException {
    this.node = node;
    this.random = random;
    this.door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + door.getLocalPort());
  }

  /**
   * From the next connection on.
   *
   * @param bytes most that a connection delivers; 0 for any number
   */
  void be(int bytes, boolean flipBits, boolean stall) {
    mostBytes = bytes;
    flips = flipBits;
    stalls = stall;
  }

  private void accept() {
    try {
      while (true) {
        Socket client = door.accept();
        open.add(client);
        Socket server = new Socket(InetAddress.getLoopbackAddress(), node.getPort());
        open.add(server);
        Thread.ofVirtual().start(() -> pass(client, server, false));
        Thread.ofVirtual().start(() -> pass(server, client, true));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void pass(Socket from, Socket to, boolean isAnswer) {
    int left = Integer.MAX_VALUE;
    int flipAt = Integer.MAX_VALUE;
    synchronized (random) {
      if (isAnswer && mostBytes > 0) {
        left = 1 + random.nextInt(mostBytes);
      }
      if (isAnswer && flips && random.nextBoolean()) {
        flipAt = 400 + random.nextInt(60_000);
      }
    }
    byte[] buffer = new byte[8_192];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (flipAt < n) {
          buffer[flipAt] ^= 8;
          flipped.incrementAndGet();
          flipAt = Integer.MAX_VALUE;
        } else if (flipAt != Integer.MAX_VALUE) {
          flipAt -= n;
        }
        int part = Math.min(n, left);
        out.write(buffer, 0, part);
        left -= part;
        if (left == 0) {
          if (stalls) {
            stalled.incrementAndGet();
            in.transferTo(OutputStream.nullOutputStream()); // says nothing, and stays
          }
          broken.incrementAndGet();
          return;
        }
      }
    } catch (SocketException e) {
      // the other side is gone
    } catch (IOException e) {
      throw new AssertionError(e);
    } finally {
      open.remove(from);
      open.remove(to);
    }
  }

  @Override
  public void close() throws IOException {
    door.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
