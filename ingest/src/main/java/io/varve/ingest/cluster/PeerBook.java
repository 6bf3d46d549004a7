package io.varve.ingest.cluster;

import io.varve.engine.io.RealFileSystem;
import io.varve.engine.io.SmallFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a cluster as this one knows them: those of its configuration at first, those that
 * the replicated log names from then on. What it was told last is kept in a file beside the log, as
 * a node has to reach the others before it can read what they have in common. Where a node stands
 * in the configuration, too, the addresses that it has there are used: this node's own, which it
 * listens at, and what reaches the others from here. Any thread.
 *
 * <p>As text, a node is a line of its id, its address for HTTP and its address for the log, with a
 * space between; the lines are in the order of ids. Example:
 *
 * <pre>
 * a 10.0.0.1:9201 10.0.0.1:9301
 * b 10.0.0.2:9201 10.0.0.2:9301
 * </pre>
 */
public final class PeerBook {
  private static final String FILE = "PEERS";

  private final String self;
  private final @Nullable Path folder;
  private final List<Peer> configured;

  /** As it was told. */
  private volatile List<Peer> told;

  /** With this node's own addresses for them. */
  private volatile List<Peer> peers;

  private PeerBook(String self, @Nullable Path folder, List<Peer> configured, List<Peer> told) {
    this.self = self;
    this.folder = folder;
    this.configured = List.copyOf(configured);
    this.told = sorted(told);
    this.peers = seenFromHere(this.told);
  }

  private List<Peer> seenFromHere(List<Peer> nodes) {
    return nodes.stream()
        .map(
            node ->
                configured.stream()
                    .filter(own -> own.id().equals(node.id()))
                    .findAny()
                    .orElse(node))
        .toList();
  }

  /** Of these nodes, and kept in no file. */
  public static PeerBook of(String self, List<Peer> peers) {
    return new PeerBook(self, null, peers, peers);
  }

  /**
   * Of the nodes that stand in the file, or of those of the configuration if there is none.
   *
   * @param self this node's id
   * @param folder of the log, which need not be there yet
   * @param configured the nodes of this one's configuration
   * @throws IOException if the file cannot be read, or holds something else
   */
  public static PeerBook open(String self, Path folder, List<Peer> configured) throws IOException {
    Path file = folder.resolve(FILE);
    try {
      return new PeerBook(self, folder, configured, parse(Files.readString(file)));
    } catch (NoSuchFileException e) {
      return new PeerBook(self, folder, configured, configured);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Nodes as text. */
  public static String text(List<Peer> peers) {
    StringBuilder text = new StringBuilder();
    for (Peer peer : sorted(peers)) {
      text.append(peer.id()).append(' ').append(peer.http()).append(' ').append(peer.raft());
      text.append('\n');
    }
    return text.toString();
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IllegalArgumentException if it is something else, or two nodes are one
   */
  public static List<Peer> parse(String text) {
    List<Peer> peers = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String[] parts = line.split(" ", -1);
      if (parts.length != 3 || parts[0].isEmpty()) {
        throw new IllegalArgumentException("\"" + line + "\" is no node");
      }
      peers.add(new Peer(parts[0], parts[1], parts[2]));
    }
    if (peers.isEmpty() || peers.stream().map(Peer::id).distinct().count() != peers.size()) {
      throw new IllegalArgumentException("no nodes, or two of one name");
    }
    return peers;
  }

  private static List<Peer> sorted(List<Peer> peers) {
    return peers.stream().sorted(Comparator.comparing(Peer::id)).toList();
  }

  /**
   * There are other nodes from now on.
   *
   * @throws IOException if that cannot be kept; it holds all the same until the next start
   */
  public synchronized void replace(List<Peer> others) throws IOException {
    List<Peer> next = sorted(others);
    if (next.equals(told)) {
      return;
    }
    told = next;
    peers = seenFromHere(next);
    if (folder != null) {
      SmallFile.write(
          RealFileSystem.INSTANCE,
          folder.resolve(FILE),
          text(next).getBytes(StandardCharsets.UTF_8));
    }
  }

  /** All nodes, with the addresses that this one was told. */
  public List<Peer> told() {
    return told;
  }

  /** All nodes, by their ids. */
  public List<Peer> all() {
    return peers;
  }

  /** All but this one. */
  public List<Peer> others() {
    return peers.stream().filter(peer -> !peer.id().equals(self)).toList();
  }

  /** The node of this id; null if there is none. */
  public @Nullable Peer of(@Nullable String id) {
    return peers.stream().filter(peer -> peer.id().equals(id)).findAny().orElse(null);
  }

  /** Another node than this one, by its id; null if there is none. */
  public @Nullable Peer other(@Nullable String id) {
    return self.equals(id) ? null : of(id);
  }

  /** This node's id. */
  public String self() {
    return self;
  }
}
