package io.varve.bench.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What is between nodes: for each pair and direction a {@link Wire}, and proxies by which one node
 * reaches the other. Any thread; its owner closes it.
 */
final class Network implements AutoCloseable {
  private final int nodes;
  private final Wire[][] wires;
  private final List<Link> links = new ArrayList<>();

  /** The ways from one node to another: for requests and for the log. */
  private record Link(int from, int to, TcpProxy http, TcpProxy raft) {}

  /**
   * A network without faults.
   *
   * @param httpPorts of the nodes
   * @param raftPorts of the nodes
   */
  Network(List<Integer> httpPorts, List<Integer> raftPorts, long seed) throws IOException {
    nodes = httpPorts.size();
    wires = new Wire[nodes][nodes];
    for (int i = 0; i < nodes; i++) {
      for (int j = 0; j < nodes; j++) {
        wires[i][j] = new Wire(seed * 31 + (long) i * nodes + j);
      }
    }
    for (int i = 0; i < nodes; i++) {
      for (int j = 0; j < nodes; j++) {
        if (i != j) {
          links.add(
              new Link(
                  i,
                  j,
                  new TcpProxy(httpPorts.get(j), wires[i][j], wires[j][i]),
                  new TcpProxy(raftPorts.get(j), wires[i][j], wires[j][i])));
        }
      }
    }
  }

  /** The port by which a node reaches another one for requests. */
  int httpPort(int from, int to) {
    return link(from, to).http().port();
  }

  /** The port by which a node reaches another one for the log. */
  int raftPort(int from, int to) {
    return link(from, to).raft().port();
  }

  private Link link(int from, int to) {
    return links.stream()
        .filter(link -> link.from() == from && link.to() == to)
        .findAny()
        .orElseThrow();
  }

  /** The wire of a direction. */
  Wire wire(int from, int to) {
    return wires[from][to];
  }

  /** The wires to and from a node. */
  List<Wire> wiresOf(int node) {
    List<Wire> own = new ArrayList<>();
    for (int other = 0; other < nodes; other++) {
      if (other != node) {
        own.add(wires[node][other]);
        own.add(wires[other][node]);
      }
    }
    return own;
  }

  /** Breaks all connections to and from a node. */
  void reset(int node) {
    for (Link link : links) {
      if (link.from() == node || link.to() == node) {
        link.http().reset();
        link.raft().reset();
      }
    }
  }

  /** Mends all wires. */
  void heal() {
    for (Wire[] row : wires) {
      for (Wire wire : row) {
        wire.mend();
      }
    }
  }

  @Override
  public void close() throws IOException {
    heal();
    for (Link link : links) {
      link.http().close();
      link.raft().close();
    }
  }
}
