package io.varve.http;

import io.varve.http.config.ConfigException;
import io.varve.http.reload.SharedPart;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.PeerBook;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which nodes there are, as all of them have it in common. Any thread. */
final class SharedNodes implements SharedPart {
  static final String NAME = "nodes";

  private final List<Peer> configured;
  private final PeerBook book;
  private final Supplier<Set<String>> members;
  private final Consumer<List<Peer>> changed;

  /**
   * Of a node that starts.
   *
   * @param members ids of the nodes that vote
   * @param changed is told of all nodes when there are others
   */
  SharedNodes(
      List<Peer> configured,
      PeerBook book,
      Supplier<Set<String>> members,
      Consumer<List<Peer>> changed) {
    this.configured = configured;
    this.book = book;
    this.members = members;
    this.changed = changed;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String own() {
    return PeerBook.text(configured);
  }

  /** By their names: a node's own addresses for the others are its affair. */
  @Override
  public boolean agrees(String inForce) {
    return ids(PeerBook.parse(inForce)).equals(ids(configured));
  }

  private static Set<String> ids(List<Peer> nodes) {
    return nodes.stream().map(Peer::id).collect(Collectors.toCollection(TreeSet::new));
  }

  /** A backup of another cluster, from which this one began, has other nodes in it. */
  @Override
  public @Nullable String amended(String inForce) {
    return ids(PeerBook.parse(inForce)).containsAll(members.get()) ? null : own();
  }

  /** Nodes come and go one by one, not with a file of one of them. */
  @Override
  public void check(String text) {
    throw new ConfigException("nodes are added and removed by the node that leads");
  }

  @Override
  public void take(String text) {
    try {
      List<Peer> nodes = PeerBook.parse(text);
      if (!ids(nodes).contains(book.self())) {
        throw new ConfigException("this node is none of " + String.join(", ", ids(nodes)));
      }
      try {
        book.replace(nodes);
      } finally {
        changed.accept(book.all()); // they hold, even if they could not be kept for the next start
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new ConfigException(String.valueOf(e.getMessage()));
    }
  }
}
