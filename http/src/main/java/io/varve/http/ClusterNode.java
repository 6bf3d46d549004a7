package io.varve.http;

import io.varve.engine.DataFolder;
import io.varve.engine.FeatureLevel;
import io.varve.engine.LogSource;
import io.varve.engine.NotLeadingException;
import io.varve.engine.RecoveryProgress;
import io.varve.engine.RestoredLog;
import io.varve.engine.StoreInstall;
import io.varve.engine.io.RealFileSystem;
import io.varve.http.config.ClusterConfig;
import io.varve.http.config.ServerConfig;
import io.varve.http.notify.Tls;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.PeerBook;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ShardStatus;
import io.varve.ingest.cluster.raft.DamagedLogException;
import io.varve.ingest.cluster.raft.RaftNode;
import io.varve.ingest.cluster.raft.RaftSettings;
import io.varve.ingest.cluster.raft.RaftShard;
import io.varve.ingest.ship.Scrub;
import io.varve.ingest.ship.ScrubSettings;
import io.varve.ingest.ship.ShardFiles;
import io.varve.ingest.ship.ShipClient;
import io.varve.ingest.ship.ShipSettings;
import io.varve.ingest.ship.StorePull;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A server's part in its cluster: the replicated log, and the store that stands on it. All data of
 * a cluster is one shard so far, number 0, which every node has.
 */
final class ClusterNode implements StoreKeeper, ClusterView {
  private static final System.Logger LOG = System.getLogger(ClusterNode.class.getName());
  private static final int ELECTION_MILLIS = 800;

  /** So long the log is kept for a node that is away. */
  private static final long HOLD_MILLIS = 15 * 60_000L;

  private static final Duration SHARE_TIMEOUT = Duration.ofSeconds(10);
  private static final String RAFT = "raft";
  private static final String DAMAGED = "raft.damaged";
  private static final String SHARD = "shards/0";

  private static final int LEAST_NODES = 3;
  private static final int MOST_NODES = 7;

  private final ClusterConfig cluster;
  private final PeerBook book;
  private final Path dataDir;
  private final ReplicatedStore store;
  private final HttpClient http;
  private final ShipClient ship;
  private final String token;
  private final NodeRequests requests;
  private final Membership membership;
  private final Scrub scrub;
  private final LogKeeper log;
  private final SharedSettings shared;

  /**
   * Nothing is opened yet.
   *
   * @throws IOException if the secret, certificates or keys cannot be read, or a store that was put
   *     here
   */
  ClusterNode(
      ServerConfig config, AggregatesReload aggregates, Companions companions, InstantSource clock)
      throws IOException {
    this.cluster = config.cluster();
    this.dataDir = config.dataDir();
    this.http = client(cluster);
    this.token = cluster.token();
    this.book = PeerBook.open(cluster.node(), dataDir.resolve(RAFT), cluster.peers());
    this.ship =
        new ShipClient(
            http, ShipSettings.defaults(token).withRate(cluster.ship().maxBytesPerSecond()));
    this.requests = new NodeRequests(http, cluster.tls().isSet() ? "https" : "http", token);
    this.membership =
        new Membership(
            cluster, book, dataDir.resolve(RAFT), requests, begin(config), this::shardIfStarted);
    this.scrub = new Scrub(new StoreFiles(), ship, ScrubSettings.DEFAULT);
    UUID name = cluster.id();
    this.store =
        new ReplicatedStore(
            config.withDataDir(dataDir.resolve(SHARD)),
            new LogSource.Identity(
                name.getMostSignificantBits(), (int) name.getLeastSignificantBits()),
            this::source,
            aggregates,
            companions,
            clock);
    this.shared = new SharedSettings(store::current, this::post);
    store.share(shared);
    this.log = new LogKeeper(dataDir.resolve(RAFT), this::startLog, store);
  }

  /** Up to which record a store goes that was put here before there was a log; 0 for none. */
  private long begin(ServerConfig config) throws IOException {
    Path restored = dataDir.resolve(SHARD);
    if (Files.exists(dataDir.resolve(RAFT)) || !Files.exists(restored.resolve("CURRENT"))) {
      return 0;
    }
    RestoredLog.apply(config.withDataDir(restored).engine());
    return new DataFolder(restored).contents().checkpointPosition();
  }

  private static HttpClient client(ClusterConfig cluster) throws IOException {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2));
    if (cluster.tls().isSet()) {
      builder.sslContext(Tls.ofCluster(cluster.tls())).sslParameters(Tls.ofCluster());
    }
    return builder.build();
  }

  @Override
  public String open(RecoveryProgress progress) throws IOException {
    if (Files.exists(dataDir.resolve("CURRENT"))) {
      throw new IOException(
          dataDir
              + " holds the store of a server that stood alone: give the node of a cluster an empty"
              + " folder, and send it what that store has");
    }
    log.start();
    String recovery = store.open(progress);
    membership.takePart();
    scrub.start();
    return recovery;
  }

  private RaftNode startLog() throws IOException {
    UUID name = cluster.id();
    RaftSettings settings =
        RaftSettings.of(
                self(),
                book.all(),
                cluster.name(),
                1,
                name.getMostSignificantBits(),
                dataDir.resolve(RAFT))
            .withTimes(ELECTION_MILLIS, (int) cluster.writeMillis(), HOLD_MILLIS);
    if (cluster.tls().isSet()) {
      settings =
          settings.withSecurity(
              null,
              new RaftSettings.Tls(
                  Path.of(cluster.tls().authorities()),
                  Path.of(cluster.tls().certificate()),
                  Path.of(cluster.tls().key())));
    } else if (!cluster.secret().isNone()) {
      settings = settings.withSecurity(token, null);
    }
    try {
      return startLog(settings);
    } catch (DamagedLogException e) {
      LOG.log(System.Logger.Level.ERROR, e.getMessage());
      membership.forget(dataDir.resolve(DAMAGED));
      return startLog(settings);
    }
  }

  private RaftNode startLog(RaftSettings settings) throws IOException {
    boolean joins = membership.mustJoin();
    return RaftNode.start(
        settings, RealFileSystem.INSTANCE, joins, membership.begin(), shard -> store);
  }

  /** Looks after the files of the store. */
  Scrub scrub() {
    return scrub;
  }

  /** The store's files, as the scrub sees them. */
  private final class StoreFiles implements ShardFiles {
    @Override
    public int number() {
      return 0;
    }

    @Override
    public @Nullable Open open() {
      OpenStore now = store.current();
      return now == null || store.hindrance() != null
          ? null
          : new Open(now.engine().shipping(), now.engine().repairs(), now.engine().replica());
    }

    @Override
    public List<URI> others() {
      return book.others().stream().map(requests::uri).toList();
    }

    @Override
    public @Nullable URI leader() {
      String id = ClusterNode.this.leader(0);
      Peer peer = book.other(id);
      return peer == null ? null : requests.uri(peer);
    }

    @Override
    public void reinstall(URI from, String why) {
      String id =
          book.all().stream()
              .filter(peer -> requests.uri(peer).equals(from))
              .map(Peer::id)
              .findAny()
              .orElse(null);
      store.reinstall(id, why);
    }
  }

  /** Settings that all nodes have in common. */
  SharedSettings shared() {
    return shared;
  }

  private void post(String name, String text) throws IOException {
    Peer leader = book.other(leader(0));
    if (leader == null) {
      throw new IOException("no node leads at the moment");
    }
    requests.post(requests.uri(leader), "/api/v1/cluster/shared/" + name, text, SHARE_TIMEOUT);
  }

  /** The nodes that there are. */
  PeerBook book() {
    return book;
  }

  /** Which nodes there are, as part of what is in common. */
  SharedNodes nodes() {
    return new SharedNodes(cluster.peers(), book, this::members, this::know);
  }

  private Set<String> members() {
    return ask(0, RaftShard::members, Set.of());
  }

  private void know(List<Peer> nodes) {
    RaftNode started = log.node();
    if (started != null) {
      started.know(nodes);
    }
  }

  private void checkLeads() {
    if (!leads(0)) {
      throw new NotLeadingException("node " + self() + " does not lead");
    }
  }

  @Override
  public void addNode(Peer node) {
    checkLeads();
    List<Peer> next = new ArrayList<>(book.told());
    for (Peer peer : next) {
      if (peer.equals(node)) {
        return;
      }
      if (peer.id().equals(node.id())) {
        throw new IllegalArgumentException("there is a node " + node.id() + " already");
      }
      for (String address : List.of(peer.http(), peer.raft())) {
        if (address.equals(node.http()) || address.equals(node.raft())) {
          throw new IllegalArgumentException(address + " is that of node " + peer.id());
        }
      }
    }
    if (next.size() == MOST_NODES) {
      throw new IllegalArgumentException("a cluster has at most " + MOST_NODES + " nodes");
    }
    next.add(node);
    shared.put(SharedNodes.NAME, PeerBook.text(next));
  }

  @Override
  public void removeNode(String id) throws IOException {
    checkLeads();
    if (id.equals(self())) {
      throw new IllegalArgumentException(
          "node " + id + " leads: have another one lead first (varve cluster transfer)");
    }
    List<Peer> next = book.told().stream().filter(peer -> !peer.id().equals(id)).toList();
    if (next.size() == book.told().size()) {
      throw new IllegalArgumentException("there is no node " + id);
    }
    if (next.size() < LEAST_NODES) {
      throw new IllegalArgumentException(
          "a cluster has at least " + LEAST_NODES + " nodes: add another one first");
    }
    Set<String> members = members();
    if (members.contains(id) && members.size() == LEAST_NODES) {
      throw new IllegalArgumentException(
          "node "
              + id
              + " is one of three that vote: wait until the one that takes its place has caught up"
              + " (varve cluster status)");
    }
    membership.leave(id);
    shared.put(SharedNodes.NAME, PeerBook.text(next));
  }

  /** This node's place among the others. */
  Membership membership() {
    return membership;
  }

  /** A node to pull from: the one that is named, or the first of the others. */
  private ReplicatedStore.Source source(@Nullable String node, StoreInstall into) {
    List<URI> nodes = new ArrayList<>();
    for (Peer peer : book.all()) {
      if (peer.id().equals(node)) {
        nodes.addFirst(requests.uri(peer));
      } else if (!peer.id().equals(self())) {
        nodes.add(requests.uri(peer));
      }
    }
    StorePull pull = new StorePull(ship, into, 0, nodes);
    return new ReplicatedStore.Source() {
      @Override
      public StorePull pull() {
        return pull;
      }

      @Override
      public LogPosition position(long index) throws IOException {
        String place = "/api/v1/cluster/shards/0/terms/" + index;
        return new LogPosition(requests.number(nodes.getFirst(), place), index);
      }
    };
  }

  /**
   * The term of a record, for another node.
   *
   * @throws IOException if the log does not have it
   */
  long term(long index) throws IOException {
    return started().shard(0).position(index).term();
  }

  @Override
  public @Nullable OpenStore current() {
    return store.current();
  }

  @Override
  public void quiesce() {
    store.quiesce();
  }

  @Override
  public void close() throws IOException {
    try {
      membership.close();
      scrub.close();
      log.quiesce();
      store.close();
    } finally {
      log.close();
      ship.close();
      http.close();
    }
  }

  // What others see of it.

  private <T> T ask(int shard, Function<RaftShard, T> question, T otherwise) {
    RaftNode started = log.node();
    return started == null ? otherwise : question.apply(started.shard(shard));
  }

  private <T> CompletableFuture<T> await(
      int shard, Function<RaftShard, CompletableFuture<T>> question) {
    RaftNode started = log.node();
    return started == null ? notStarted() : question.apply(started.shard(shard));
  }

  private RaftNode started() throws IOException {
    RaftNode started = log.node();
    if (started == null) {
      throw new IOException("the log of this node is not started");
    }
    return started;
  }

  private @Nullable RaftShard shardIfStarted() {
    RaftNode started = log.node();
    return started == null ? null : started.shard(0);
  }

  @Override
  public String self() {
    return cluster.node();
  }

  @Override
  public List<Peer> peers() {
    return book.all();
  }

  @Override
  public List<ShardStatus> shards() {
    RaftNode started = log.node();
    if (started == null) {
      ReplicaState known = store.hindrance();
      ReplicaState state = known == null ? new ReplicaState.Reopening() : known;
      return List.of(new ShardStatus(0, state, null, 0, 0, 0, 0, 0, 0, Long.MAX_VALUE, List.of()));
    }
    return List.of(started.shard(0).status(store.hindrance()));
  }

  @Override
  public int shardCount() {
    return 1;
  }

  @Override
  public @Nullable String leader(int shard) {
    RaftNode started = log.node();
    return started == null ? null : started.shard(shard).leader();
  }

  @Override
  public boolean leads(int shard) {
    return ask(shard, RaftShard::leads, false);
  }

  @Override
  public boolean canRead(int shard) {
    return log.node() != null
        && !membership.isJoining()
        && store.current() != null
        && store.hindrance() == null;
  }

  @Override
  public boolean isDamaged(int shard) {
    OpenStore now = store.current();
    return now != null && now.engine().isDamaged();
  }

  @Override
  public long readableSince(int shard) {
    return store.readableSince();
  }

  @Override
  public long lagMillis(int shard) {
    return ask(shard, RaftShard::lagMillis, Long.MAX_VALUE);
  }

  @Override
  public LogPosition committed(int shard) {
    return ask(shard, RaftShard::committed, LogPosition.START);
  }

  @Override
  public LogPosition applied(int shard) {
    return ask(shard, RaftShard::applied, LogPosition.START);
  }

  @Override
  public CompletableFuture<Void> applied(int shard, LogPosition position) {
    return await(shard, replica -> replica.applied(position));
  }

  @Override
  public CompletableFuture<LogPosition> readPosition(int shard) {
    return await(shard, RaftShard::readPosition);
  }

  @Override
  public CompletableFuture<Void> visibleIsCommitted(int shard) {
    return await(shard, RaftShard::visibleIsCommitted);
  }

  @Override
  public int featureLevel() {
    OpenStore now = store.current();
    return now == null ? 0 : FeatureLevel.of(now.engine().sharedSettings());
  }

  @Override
  public Set<String> differing() {
    return shared.differing();
  }

  private static <T> CompletableFuture<T> notStarted() {
    return CompletableFuture.failedFuture(new IOException("the node is not started"));
  }

  @Override
  public void transfer(int shard, String to) throws IOException {
    if (shard != 0 || book.of(to) == null) {
      throw new IllegalArgumentException("shard " + shard + ", node " + to);
    }
    started().shard(shard).transfer(to);
  }
}
