package io.varve.http.config;

import io.varve.ingest.cluster.Peer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The cluster that a server belongs to: the same on all its nodes, but for {@code node}.
 *
 * @param node this node's id
 * @param name of the cluster: nodes of another one are not listened to
 * @param peers all nodes, this one too; empty if the server stands alone
 * @param replication what an acknowledged write has survived
 * @param spool writes on their way to the others, if they are acknowledged before
 * @param secret that nodes prove themselves with
 * @param tls certificates that they prove themselves with
 * @param writeMillis how long a write waits for the majority
 * @param reads which reads are answered where
 * @param ship files on their way between nodes
 */
public record ClusterConfig(
    String node,
    String name,
    List<Peer> peers,
    Replication replication,
    Spool spool,
    Secret secret,
    Tls tls,
    long writeMillis,
    Reads reads,
    Ship ship) {
  private static final long SECOND = 1_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final long TIB = 1L << 40;
  private static final int LEAST_NODES = 3;
  private static final int MOST_NODES = 7;
  private static final String NONE = "none";
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";

  /** What an acknowledged write has survived. */
  public enum Replication {
    /** A majority of the nodes has it on stable storage. */
    SYNC,
    /** The node that took it has it on stable storage. */
    ASYNC
  }

  /**
   * Writes that one node has acknowledged, and the others do not have yet.
   *
   * @param maxBytes of them that a node keeps; it takes no more then
   */
  public record Spool(long maxBytes) {}

  /** What a read may miss. */
  public enum Level {
    /** What was written within the bound. */
    BOUNDED,
    /** What was written behind the position that the request carries. */
    FENCED,
    /** Nothing that was acknowledged before the request came. */
    STRONG
  }

  /** What becomes of a bounded read that no node can answer within the bound. */
  public enum Stale {
    /** It is answered, with a warning. */
    ANSWER,
    /** It is refused: 503. */
    REFUSE
  }

  /**
   * Certificates: paths of PEM files.
   *
   * @param certificate of this node, with the chain behind it; "" for no TLS
   * @param key of that certificate
   * @param authorities whose certificates nodes have
   */
  public record Tls(String certificate, String key, String authorities) {
    /** True if nodes talk to each other in TLS. */
    public boolean isSet() {
      return !certificate.isEmpty();
    }

    private Tls from(Path folder) {
      return isSet()
          ? new Tls(
              folder.resolve(certificate).toString(),
              folder.resolve(key).toString(),
              folder.resolve(authorities).toString())
          : this;
    }
  }

  /**
   * Which reads are answered where.
   *
   * @param level of reads that name none: {@link Level#BOUNDED} or {@link Level#STRONG}
   * @param maxLagMillis the bound
   * @param maxWaitMillis how long a read waits for what it has to see
   * @param stale what becomes of bounded reads that nobody can answer within the bound
   */
  public record Reads(Level level, long maxLagMillis, long maxWaitMillis, Stale stale) {}

  /**
   * Files on their way between nodes.
   *
   * @param maxBytesPerSecond that this node pulls; 0 for as much as there is
   */
  public record Ship(long maxBytesPerSecond) {}

  static ClusterConfig read(Settings in) {
    String node = optional(in, "node", ClusterConfig::checkedName);
    String name = in.value("name", "varve", ClusterConfig::checkedName);
    List<Peer> peers = in.sections("peers").stream().map(ClusterConfig::peer).toList();
    Replication replication = in.choice("replication", Replication.SYNC);
    Settings waiting = in.section("spool");
    Spool spool = new Spool(waiting.bytes("max_bytes", GIB, MIB, TIB));
    waiting.done();
    Secret secret =
        new Secret(
            optional(in, "secret", ClusterConfig::checkedSecret),
            optional(in, "secret_file", text -> Path.of(text).toString()));
    Tls tls = tls(in.section("tls"));
    long writeMillis = in.millis("write_timeout", 10 * SECOND, 100, 10 * MINUTE);
    Reads reads = reads(in.section("reads"));
    Settings files = in.section("ship");
    Ship ship = new Ship(files.bytes("max_bytes_per_second", 0, 0, TIB));
    files.done();
    in.done();
    ClusterConfig config =
        new ClusterConfig(
            node, name, peers, replication, spool, secret, tls, writeMillis, reads, ship);
    if (!secret.inline().isEmpty() && !secret.file().isEmpty()) {
      throw in.wrong("secret_file", "cannot be set together with secret");
    }
    if (config.isSet()) {
      config.check(in);
    }
    return config;
  }

  private static Peer peer(Settings in) {
    Peer peer =
        new Peer(
            in.required("id", ClusterConfig::checkedName),
            in.required("http", ClusterConfig::checkedAddress),
            in.required("raft", ClusterConfig::checkedAddress));
    in.done();
    return peer;
  }

  /**
   * A node that is named in a request.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static Peer node(String id, String http, String raft) {
    if (id.isEmpty() || http.isEmpty() || raft.isEmpty()) {
      throw new IllegalArgumentException("a node has an id, and addresses http and raft");
    }
    return new Peer(checkedName(id), checkedAddress(http), checkedAddress(raft));
  }

  private static Tls tls(Settings in) {
    UnaryOperator<String> path = text -> Path.of(text).toString();
    Tls tls =
        new Tls(
            optional(in, "cert_file", path),
            optional(in, "key_file", path),
            optional(in, "ca_file", path));
    in.done();
    if (tls.certificate.isEmpty() != tls.key.isEmpty()
        || tls.certificate.isEmpty() != tls.authorities.isEmpty()) {
      throw in.wrong("cert_file, key_file and ca_file belong together");
    }
    return tls;
  }

  private static Reads reads(Settings in) {
    Reads reads =
        new Reads(
            in.value("level", Level.BOUNDED, ClusterConfig::checkedLevel),
            in.millis("max_lag", 2 * SECOND, 10, 60 * MINUTE),
            in.millis("max_wait", 5 * SECOND, 10, 10 * MINUTE),
            in.choice("stale", Stale.ANSWER));
    in.done();
    return reads;
  }

  private static Level checkedLevel(String text) {
    Level level = Settings.choose(Level.class, text);
    if (level == Level.FENCED) {
      throw new IllegalArgumentException(
          "a read is fenced by the position that it carries: bounded or strong");
    }
    return level;
  }

  private static String optional(Settings in, String key, UnaryOperator<String> check) {
    return in.value(key, "", text -> text.equals(NONE) ? "" : check.apply(text));
  }

  private static String checkedName(String text) {
    if (!text.matches(NAME)) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a name of letters, digits and ._- (63 at most)");
    }
    return text;
  }

  private static String checkedSecret(String text) {
    if (!text.matches("[\\x21-\\x7e]{1,4096}")) {
      throw new IllegalArgumentException("takes visible ASCII characters without spaces");
    }
    return text;
  }

  private static String checkedAddress(String text) {
    ServerConfig.Address address = ServerConfig.Address.parse(text);
    if (address.port() == 0 || address.host().equals("0.0.0.0") || address.host().equals("::")) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no address that other nodes can connect to: HOST:PORT");
    }
    return address.toString();
  }

  private void check(Settings in) {
    if (peers.size() < LEAST_NODES || peers.size() > MOST_NODES) {
      throw in.wrong(
          "peers",
          "a cluster has "
              + LEAST_NODES
              + " nodes (at most "
              + MOST_NODES
              + "), and "
              + peers.size()
              + " are listed");
    }
    Set<String> ids = new HashSet<>();
    Set<String> addresses = new HashSet<>();
    for (Peer peer : peers) {
      if (!ids.add(peer.id())) {
        throw in.wrong("peers", "two nodes are called " + peer.id());
      }
      for (String address : List.of(peer.http(), peer.raft())) {
        if (!addresses.add(address)) {
          throw in.wrong("peers", address + " is listed twice");
        }
      }
    }
    if (node.isEmpty()) {
      throw in.wrong("node", "is missing: which of " + String.join(", ", ids()) + " this one is");
    }
    if (!ids.contains(node)) {
      throw in.wrong("node", node + " is not among the peers " + String.join(", ", ids()));
    }
    if (secret.isNone()
        && !tls.isSet()
        && !addresses.stream().allMatch(ClusterConfig::isLoopback)) {
      throw in.wrong(
          "secret", "is missing: nodes on other machines prove themselves by a secret, or by tls");
    }
  }

  private List<String> ids() {
    return peers.stream().map(Peer::id).toList();
  }

  /** By what stands there: no name is looked up. */
  private static boolean isLoopback(String address) {
    String host = ServerConfig.Address.parse(address).host();
    return host.equals("localhost") || host.equals("::1") || host.matches("127(\\.\\d{1,3}){3}");
  }

  /** What tells this cluster's logs from those of others: made of its name. */
  public UUID id() {
    return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
  }

  /** True if the server belongs to a cluster. */
  public boolean isSet() {
    return !peers.isEmpty();
  }

  /**
   * This node, as the others know it.
   *
   * @throws IllegalStateException if the server stands alone
   */
  public Peer self() {
    return peers.stream()
        .filter(peer -> peer.id().equals(node))
        .findAny()
        .orElseThrow(() -> new IllegalStateException("BUG: no cluster is configured"));
  }

  /**
   * What nodes show each other in requests: the secret; without one the cluster's name, which keeps
   * clusters apart and protects nothing.
   *
   * @throws ConfigException if the file with it cannot be read, or what it holds is no secret
   */
  public String token() {
    if (secret.isNone()) {
      return name;
    }
    try {
      return checkedSecret(secret.text().strip());
    } catch (IllegalArgumentException e) {
      throw new ConfigException("cluster.secret_file: " + secret.file() + ": " + e.getMessage());
    } catch (IOException e) {
      throw new ConfigException("cluster.secret_file: " + e.getMessage());
    }
  }

  /** The same with relative names of files seen from a folder. */
  ClusterConfig from(Path folder) {
    return new ClusterConfig(
        node,
        name,
        peers,
        replication,
        spool,
        secret.from(folder),
        tls.from(folder),
        writeMillis,
        reads,
        ship);
  }

  void write(ConfigText text) {
    text.section("cluster");
    optional(text, "node", node);
    text.quoted("name", name);
    text.line(
        "peers",
        FlowText.list(
            peers.stream()
                .map(
                    peer ->
                        new FlowText()
                            .text("id", peer.id(), "")
                            .text("http", peer.http(), "")
                            .text("raft", peer.raft(), "")
                            .toString())
                .toList()));
    text.line("replication", replication.name().toLowerCase(Locale.ROOT));
    text.line("spool", "");
    text.deeper();
    text.bytes("max_bytes", spool.maxBytes);
    text.section("");
    text.deeper();
    text.line("secret", secret.inline().isEmpty() ? NONE : "<secret>");
    optional(text, "secret_file", secret.file());
    text.line("tls", "");
    text.deeper();
    optional(text, "cert_file", tls.certificate);
    optional(text, "key_file", tls.key);
    optional(text, "ca_file", tls.authorities);
    text.section("");
    text.deeper();
    text.millis("write_timeout", writeMillis);
    text.line("reads", "");
    text.deeper();
    text.line("level", reads.level.name().toLowerCase(Locale.ROOT));
    text.millis("max_lag", reads.maxLagMillis);
    text.millis("max_wait", reads.maxWaitMillis);
    text.line("stale", reads.stale.name().toLowerCase(Locale.ROOT));
    text.section("");
    text.deeper();
    text.line("ship", "");
    text.deeper();
    text.bytes("max_bytes_per_second", ship.maxBytesPerSecond);
  }

  private static void optional(ConfigText text, String key, String value) {
    if (value.isEmpty()) {
      text.line(key, NONE);
    } else {
      text.quoted(key, value);
    }
  }
}
