package io.varve.http.cluster;

import io.varve.engine.EngineStats;
import io.varve.engine.FeatureLevel;
import io.varve.http.config.ClusterConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.net.Availability;
import io.varve.http.net.Handler;
import io.varve.http.net.HttpListener;
import io.varve.http.net.Route;
import io.varve.http.notify.Tls;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.PeerBook;
import io.varve.ingest.otlp.OtlpDeltas;
import io.varve.ingest.spool.Spool;
import io.varve.ingest.spool.SpooledRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a server's requests have to do with the other nodes of its cluster: {@link #around} puts it
 * around the routes of a server that stands alone. Any thread; its owner closes it.
 */
public final class Cluster implements AutoCloseable {
  /** What a leader may take beyond what it waits for a majority: for a turn, for a flush. */
  private static final long WRITE_MARGIN_MILLIS = 20_000;

  /** What another node may take beyond a query's time-out. */
  private static final long READ_MARGIN_MILLIS = 5_000;

  /** A merge of everything takes as long as it takes. */
  private static final long CHANGE_MILLIS = TimeUnit.HOURS.toMillis(1);

  private static final String SPOOL = "spool";
  private static final String STATUS = "/api/v1/cluster/status";
  private static final String NODES = "/api/v1/admin/cluster/nodes";
  private static final String TRANSFER = "/api/v1/admin/cluster/transfer";

  private final ServerConfig config;
  private final Here here;
  private final Supplier<EngineStats> stats;
  private final ClusterMeter meter;
  private final ClusterSecret secret;
  private final Peers peers;
  private final PeerWatch watch;
  private final Forwarder forwarder;
  private final boolean keeps;
  private final @Nullable WriteSpool spool;
  private final String version;

  /**
   * Begins to watch the other nodes.
   *
   * @param book the nodes that there are
   * @param version of the program
   * @param view what this node knows of the cluster; null before it has joined
   * @param availability of the server
   * @param open true while there is a store to ask
   * @param stats of the store, asked only while it is open
   * @throws IOException if the secret, certificates or keys cannot be read
   */
  public Cluster(
      ServerConfig config,
      PeerBook book,
      String version,
      Supplier<@Nullable ClusterView> view,
      Supplier<Availability> availability,
      BooleanSupplier open,
      Supplier<EngineStats> stats,
      ClusterMeter meter)
      throws IOException {
    this.config = config;
    this.version = version;
    this.stats = stats;
    this.meter = meter;
    ClusterConfig told = config.cluster();
    String token = told.token();
    secret = new ClusterSecret(token, told.tls().isSet());
    peers = new Peers(told, book);
    here = new Here(told.node(), view, availability, open);
    forwarder = new Forwarder(peers, token, meter);
    watch =
        new PeerWatch(
            peers, token, config.http().routePrefix() + STATUS + "?scope=node", view, meter);
    keeps = told.replication() == ClusterConfig.Replication.ASYNC;
    spool = keeps || isLeft(config.dataDir().resolve(SPOOL)) ? spool(token) : null;
  }

  /** True if writes may wait in a folder that were acknowledged under another setting. */
  private static boolean isLeft(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isPresent();
    }
  }

  private WriteSpool spool(String token) {
    long most = config.ingest().limits().compressedBytes();
    long held = Math.min(SpooledRequest.MOST_BODY_BYTES, config.cluster().spool().maxBytes());
    if (keeps && most > held) {
      throw new ConfigException(
          "ingest.max_body_bytes: the spool (cluster.replication: async, cluster.spool.max_bytes)"
              + " holds bodies of at most "
              + held
              + " bytes, not of "
              + most);
    }
    Delivery delivery = new Delivery(peers, token, writeMillis());
    return new WriteSpool(
        config.dataDir().resolve(SPOOL),
        config.cluster(),
        config.ingest().limits(),
        delivery,
        watch,
        peers,
        meter);
  }

  private long writeMillis() {
    return config.cluster().writeMillis() + WRITE_MARGIN_MILLIS;
  }

  /**
   * Opens what needs the data folder, which is this process's alone by now.
   *
   * @throws IOException if it cannot be read
   */
  public void open() throws IOException {
    if (spool != null) {
      spool.open();
    }
  }

  /** Keeps writes that are acknowledged before the cluster has them; null if none are. */
  public @Nullable WriteSpool spool() {
    return spool;
  }

  /**
   * What the cluster is asked itself; belongs among the routes that {@link #around} is given.
   *
   * @param admin whether the endpoints that change something are open
   */
  public List<Route> routes(boolean admin) {
    ClusterHandlers handlers = new ClusterHandlers(this, admin);
    return List.of(
        Route.api(STATUS, handlers.status(), "GET").withNeedsStore(false),
        Route.api(TRANSFER, handlers.transfer(), "POST", "PUT")
            .withBody(config.http().maxFormBytes()),
        Route.api(NODES, handlers.add(), "POST", "PUT").withBody(config.http().maxFormBytes()),
        Route.api(NODES + "/*", handlers.remove(), "DELETE"),
        Route.text("/-/leading", handlers.leading(), "GET", "HEAD"));
  }

  /**
   * Opens the port at which other nodes ask in TLS, if they do.
   *
   * @throws IOException if it cannot be opened, or certificates or keys cannot be read
   */
  public void listen(HttpListener listener) throws IOException {
    ClusterConfig told = config.cluster();
    if (told.tls().isSet()) {
      ServerConfig.Address address = ServerConfig.Address.parse(told.self().http());
      listener.listenSecured(
          address.host(),
          address.port(),
          Tls.ofCluster(told.tls()),
          Tls.ofCluster().getProtocols());
    }
  }

  /**
   * The same routes, each answered by the node that can.
   *
   * @param kept by name, handlers for the routes of writes that put them into the {@link #spool}
   */
  public List<Route> around(List<Route> routes, Map<String, Handler> kept) {
    List<Route> all = new ArrayList<>();
    for (Route route : routes) {
      Map<RouteKind, Set<String>> methods = new EnumMap<>(RouteKind.class);
      for (String method : route.methods()) {
        methods.computeIfAbsent(RouteKind.of(route, method), kind -> new TreeSet<>()).add(method);
      }
      methods.forEach((kind, some) -> all.add(around(route, kind, some, kept)));
    }
    return all;
  }

  private Route around(
      Route route, RouteKind kind, Set<String> methods, Map<String, Handler> kept) {
    Handler inner = route.handler();
    Route.Style style = route.style();
    long readMillis = config.query().limits().timeoutMillis() + READ_MARGIN_MILLIS;
    return switch (kind) {
      case LOCAL -> route.with(methods, inner);
      case READ ->
          route
              .with(methods, new LevelledRead(inner, style, readMillis, this))
              .withNeedsStore(false);
      case WRITE -> route.with(methods, write(route, kept.get(route.name()))).withNeedsStore(false);
      case LEAD ->
          route
              .with(methods, new LeaderHandler(inner, kind, style, true, readMillis, this))
              .withNeedsStore(false);
      case CHANGE ->
          route
              .with(methods, new LeaderHandler(inner, kind, style, false, CHANGE_MILLIS, this))
              .withNeedsStore(false);
    };
  }

  private Handler write(Route route, @Nullable Handler keep) {
    boolean isRepeatable = isRepeatable(route);
    Handler lead =
        new LeaderHandler(
            route.handler(), RouteKind.WRITE, route.style(), isRepeatable, writeMillis(), this);
    WriteSpool into = spool;
    // What may be sent once only is not kept to be sent until it is taken.
    return into == null || !keeps || keep == null || !isRepeatable
        ? lead
        : new SpoolHandler(keep, lead, into, here);
  }

  /** Samples twice are samples once; deltas that are added up are not. */
  private boolean isRepeatable(Route route) {
    return !route.name().contains("/otlp/")
        || config.otlp().deltas().use() != OtlpDeltas.Use.CONVERT;
  }

  /**
   * True if requests are worth sending here: this node leads or is within the bound, or knows one
   * that does or is, to which it passes them on.
   */
  public boolean isReady() {
    if (here.isStopping()) {
      return false;
    }
    long bound = config.cluster().reads().maxLagMillis();
    ClusterView view = here.readable();
    String leader = watch.leader(0);
    return (view != null && (isLeading() || Here.lagMillis(view) <= bound))
        || watch.readers().stream()
            .anyMatch(other -> other.peer().id().equals(leader) || other.lagMillis() <= bound);
  }

  /** True if this node leads, so that writes that are sent here go no further way. */
  public boolean isLeading() {
    return !here.isStopping() && here.leading() != null;
  }

  ClusterConfig config() {
    return config.cluster();
  }

  Here here() {
    return here;
  }

  Peers peers() {
    return peers;
  }

  PeerWatch watch() {
    return watch;
  }

  Forwarder forwarder() {
    return forwarder;
  }

  ClusterMeter meter() {
    return meter;
  }

  /** What nodes show each other. */
  public ClusterSecret secret() {
    return secret;
  }

  String version() {
    return version;
  }

  /** Figures of the store, null while it is not open. */
  @Nullable EngineStats stats() {
    return here.open().getAsBoolean() ? stats.get() : null;
  }

  /** What waits for the cluster to take it; null if nothing ever does. */
  @Nullable Spool kept() {
    WriteSpool into = spool;
    return into == null ? null : into.spool();
  }

  /** The highest feature level that all nodes know; 0 as long as some have not told. */
  public int knownLevel() {
    int lowest = FeatureLevel.CURRENT;
    for (PeerWatch.Known other : watch.others()) {
      lowest = Math.min(lowest, NodeReport.knownLevel(other.report()));
    }
    return lowest;
  }

  /** How many nodes can be reached, this one included. */
  public int reachable() {
    return watch.reachable();
  }

  /** True if writes tell where they are: not when they are acknowledged before that is known. */
  boolean tellsPositions() {
    return config.cluster().replication() == ClusterConfig.Replication.SYNC;
  }

  /** Asks other nodes no more, and breaks off what is on its way to them. */
  @Override
  public void close() {
    if (spool != null) {
      spool.close();
    }
    watch.close();
    peers.close();
  }
}
