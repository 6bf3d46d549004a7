package io.varve.http;

import io.varve.engine.Engine;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.NotLeadingException;
import io.varve.engine.RecoveryProgress;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.model.Labels;
import io.varve.engine.model.ValueTest;
import io.varve.http.api.ActiveQueries;
import io.varve.http.api.AdminHandlers;
import io.varve.http.api.AggregatesAdminHandlers;
import io.varve.http.api.AggregatesHandler;
import io.varve.http.api.AlertsHandler;
import io.varve.http.api.ApiErrors;
import io.varve.http.api.BackupsHandler;
import io.varve.http.api.BlocksHandler;
import io.varve.http.api.DeletesHandlers;
import io.varve.http.api.ExemplarsHandler;
import io.varve.http.api.FeaturesHandler;
import io.varve.http.api.FederateHandler;
import io.varve.http.api.FixedHandler;
import io.varve.http.api.FormatQueryHandler;
import io.varve.http.api.GraphHandler;
import io.varve.http.api.HealthyHandler;
import io.varve.http.api.LabelValuesHandler;
import io.varve.http.api.LabelsHandler;
import io.varve.http.api.LifecycleHandler;
import io.varve.http.api.LiveNotificationsHandler;
import io.varve.http.api.MetadataHandler;
import io.varve.http.api.MetricActivityHandler;
import io.varve.http.api.MetricsHandler;
import io.varve.http.api.Notifications;
import io.varve.http.api.NotificationsHandler;
import io.varve.http.api.OpenApiHandler;
import io.varve.http.api.ParseQueryHandler;
import io.varve.http.api.QueryHandler;
import io.varve.http.api.QueryListHandlers;
import io.varve.http.api.QueryRangeHandler;
import io.varve.http.api.Querying;
import io.varve.http.api.ReadHandler;
import io.varve.http.api.Reading;
import io.varve.http.api.ReadyHandler;
import io.varve.http.api.RetentionHandlers;
import io.varve.http.api.RulesHandler;
import io.varve.http.api.RuntimeInfoHandler;
import io.varve.http.api.SearchHandler;
import io.varve.http.api.SelfMetricsHandler;
import io.varve.http.api.SeriesHandler;
import io.varve.http.api.Store;
import io.varve.http.api.Syntax;
import io.varve.http.api.TargetsHandlers;
import io.varve.http.api.TopQueries;
import io.varve.http.api.TsdbStatusHandler;
import io.varve.http.api.WalReplayHandler;
import io.varve.http.api.WriteHandler;
import io.varve.http.backup.BackupPlace;
import io.varve.http.backup.BackupService;
import io.varve.http.cluster.Cluster;
import io.varve.http.cluster.ClusterSecret;
import io.varve.http.cluster.MemberHandlers;
import io.varve.http.cluster.ScrubHandlers;
import io.varve.http.cluster.SharedHandler;
import io.varve.http.cluster.ShipHandlers;
import io.varve.http.cluster.TermHandler;
import io.varve.http.cluster.WriteSpool;
import io.varve.http.config.Durations;
import io.varve.http.config.ServerConfig;
import io.varve.http.metrics.ClusterMetrics;
import io.varve.http.metrics.ServerMetrics;
import io.varve.http.net.Availability;
import io.varve.http.net.Gate;
import io.varve.http.net.Handler;
import io.varve.http.net.HttpListener;
import io.varve.http.net.Origins;
import io.varve.http.net.Route;
import io.varve.http.notify.AlertmanagerStatus;
import io.varve.http.reload.Reloader;
import io.varve.http.reload.SharedPart;
import io.varve.http.reload.Sharing;
import io.varve.http.remoteread.ReadRequest;
import io.varve.http.retention.EngineRetention;
import io.varve.http.rules.RuleService;
import io.varve.ingest.cluster.PeerBook;
import io.varve.query.Feature;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A running Varve: an open port in front of an engine. It answers from the moment it is made, and
 * says that it is not ready until {@link #recover} has returned.
 *
 * <p>One thread makes it, recovers and closes it; {@link #address} and {@link #damage} may be asked
 * by any.
 */
public final class Server implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Server.class.getName());
  private static final long POLL_MILLIS = 10;
  private static final long CANCEL_MILLIS = 1_000;

  /**
   * A shorter body is taken in where it was received: 5,000 samples in 0.1 MB take half a
   * millisecond, and to wake up two other threads takes a seventh of that.
   */
  private static final int QUICK_WRITE_BYTES = 1 << 18;

  private static final String REMOTE_WRITE = "/api/v1/write";
  private static final String OTLP = "/api/v1/otlp/v1/metrics";

  private final ServerConfig config;
  private final InstantSource clock = InstantSource.system();
  private final RecoveryProgress progress = new RecoveryProgress();
  private final ActiveQueries active = new ActiveQueries();
  private final Reloader reloader;
  private final AggregatesReload aggregates;
  private final EngineRetention retention;
  private final RuleService rules;
  private final BackupService backups;
  private final Runnable quit;
  private final HttpListener listener;
  private volatile Availability availability = Availability.STARTING;
  private final StoreKeeper keeper;
  private final @Nullable ClusterNode cluster;
  private final @Nullable Cluster others;
  private boolean closed;

  /**
   * Opens the port of a server that is told its settings once.
   *
   * @throws IOException if it cannot be opened
   */
  public Server(ServerConfig config) throws IOException {
    this(config, () -> config, () -> {});
  }

  /**
   * Opens the port.
   *
   * @param source reads the settings anew when they are to be reloaded
   * @param quit what a request that ends the server does; the server stays until it is closed
   * @throws IOException if it cannot be opened
   */
  public Server(ServerConfig config, Supplier<ServerConfig> source, Runnable quit)
      throws IOException {
    this.config = config;
    this.quit = quit;
    reloader = new Reloader(config, source, clock);
    ServerConfig.Http http = config.http();
    int cores = Runtime.getRuntime().availableProcessors();
    int writers = config.ingest().maxConcurrent();
    Gate writes = new Gate(writers == 0 ? 2 * cores : writers, http.queueMillis());
    Gate queries = new Gate(config.query().maxConcurrent(), http.queueMillis());
    Gate reads = new Gate(config.remoteRead().maxConcurrent(), http.queueMillis());
    ServerMetrics metrics = new ServerMetrics(Version.varve());
    Sharing sharing = config.cluster().isSet() ? this::publish : null;
    aggregates = new AggregatesReload(config.aggregates(), sharing);
    retention = new EngineRetention(config, this::engine, sharing);
    reloader.register(retention); // first: the only part that a full disk may stop
    rules = new RuleService(config, this::url, metrics, metrics, sharing, clock);
    reloader.register(rules);
    reloader.register(aggregates);
    BackupPlace.check(config.backup());
    backups = new BackupService(config, clock, this::decides);
    cluster =
        config.cluster().isSet() ? new ClusterNode(config, aggregates, new Beside(), clock) : null;
    others = cluster == null ? null : others(cluster, metrics.cluster());
    if (cluster != null && others != null) {
      cluster
          .shared()
          .begin(List.of(cluster.nodes(), retention, aggregates, rules), others::knownLevel);
    }
    keeper = cluster != null ? cluster : new LocalStore(config, aggregates, new Beside(), clock);
    reloader.register(backups);
    metrics.observeBackups(backups::isSet, backups::status);
    metrics.observeRules(rules::groups, rules::alertmanagers);
    listener =
        new HttpListener(
            config.listen().host(),
            config.listen().port(),
            new HttpListener.Limits(
                http.maxBodiesBytes(),
                Math.max(http.idleMillis(), 2 * config.query().limits().timeoutMillis()),
                http.writeMillis(),
                http.corsOrigin().equals(".*")
                    ? Origins.ALL
                    : Origins.of(ValueTest.regex(http.corsOrigin())::accepts),
                http.routePrefix()),
            routes(writes, queries, reads, metrics),
            () -> availability,
            new ApiErrors(),
            metrics);
    if (others != null) {
      try {
        others.listen(listener);
      } catch (IOException e) {
        listener.close();
        throw e;
      }
    }
    metrics.observeReloads(reloader::status);
    metrics.observeListener(listener::running, listener::bodyBytes);
    metrics.observeGate("writes", writes);
    metrics.observeGate("queries", queries);
    metrics.observeGate("reads", reads);
    metrics.observeStore(this::storeIfReady, () -> availability == Availability.READY);
  }

  private void publish(SharedPart part) {
    ClusterNode node = cluster;
    if (node == null) {
      throw new IllegalStateException("BUG: this node has no others");
    }
    node.shared().publish(part);
  }

  /** What goes to other nodes, and comes from them. */
  private Cluster others(ClusterNode node, ClusterMetrics metrics) throws IOException {
    Cluster made =
        new Cluster(
            config,
            node.book(),
            Version.varve(),
            () -> node,
            () -> availability,
            () -> node.current() != null,
            () -> engine().stats(),
            metrics);
    metrics.observe(
        () -> node,
        made::reachable,
        () -> node.scrub().status(),
        () -> {
          WriteSpool spool = made.spool();
          return spool == null ? null : spool.spool();
        });
    return made;
  }

  /** True if the thread of a write waits for disks or other nodes, and so for long. */
  private boolean waitsInWrites() {
    return cluster != null || config.engine().fsync() == FsyncPolicy.ALWAYS;
  }

  private List<Route> routes(Gate writes, Gate queries, Gate reads, ServerMetrics metrics) {
    ServerConfig.Query query = config.query();
    Reading reading = new Reading(this::store, queries, query.limits());
    TopQueries top = new TopQueries();
    Querying querying = new Querying(reading, query.storedAggregates(), metrics, active, top);
    QueryListHandlers lists = new QueryListHandlers(active, top, config.http().adminApi());
    int form = config.http().maxFormBytes();
    String[] get = {"GET"};
    String[] both = {"GET", "POST"};
    String[] page = {"GET", "HEAD"};
    Handler labels = new LabelsHandler(reading);
    Handler series = new SeriesHandler(reading);
    Handler runtime = new RuntimeInfoHandler(clock.instant(), clock, this::store, reloader::status);
    Syntax syntax = new Syntax(this::store);
    AdminHandlers admin = new AdminHandlers(this::store, config.http().adminApi(), clock);
    Notifications notifications = new Notifications(this::storeIfReady, reloader::status, clock);
    Map<String, String> build = buildInfo();
    List<Route> routes = new ArrayList<>();
    routes.add(
        Route.text(
                REMOTE_WRITE,
                new WriteHandler(this::store, writes, WriteHandler.Format.REMOTE_WRITE),
                "POST")
            .withNeedsStore(true)
            .withQuick(waitsInWrites() ? 0 : QUICK_WRITE_BYTES)
            .withBody(config.ingest().limits().compressedBytes()));
    routes.add(otlp(writes));
    Handler read =
        new ReadHandler(
            new Reading(this::store, reads, query.limits()),
            this::externalLabels,
            config.remoteRead().maxSamples(),
            config.remoteRead().frameBytes());
    routes.add(
        Route.text("/api/v1/read", read, "POST")
            .withNeedsStore(true)
            .withBody(ReadRequest.MOST_BYTES));
    Handler federate =
        new FederateHandler(reading, this::externalLabels, query.lookbackMillis(), clock);
    routes.add(Route.text("/federate", federate, get).withNeedsStore(true));
    routes.addAll(
        List.of(
            Route.api("/api/v1/query", new QueryHandler(querying, clock), both)
                .withQuick()
                .withBody(form),
            Route.api(
                    "/api/v1/query_range", new QueryRangeHandler(querying, query.maxPoints()), both)
                .withQuick()
                .withBody(form),
            Route.api("/api/v1/query_exemplars", new ExemplarsHandler(reading, syntax), both)
                .withQuick()
                .withBody(form),
            Route.api("/api/v1/format_query", new FormatQueryHandler(syntax), both).withBody(form),
            Route.api("/api/v1/parse_query", new ParseQueryHandler(syntax), both).withBody(form),
            Route.api("/api/v1/labels", labels, both).withQuick().withBody(form),
            Route.api("/api/v1/label/*/values", new LabelValuesHandler(reading), get).withQuick(),
            Route.api("/api/v1/series", series, both).withQuick().withBody(form),
            Route.api("/api/v1/metadata", new MetadataHandler(reading), get)));
    routes.addAll(
        List.of(
            Route.api("/api/v1/rules", new RulesHandler(rules::groups), get),
            Route.api("/api/v1/alerts", new AlertsHandler(rules::groups), get),
            Route.api(
                "/api/v1/alertmanagers",
                TargetsHandlers.alertmanagers(this::alertmanagers, rules::droppedAlertmanagers),
                get),
            Route.api("/api/v1/targets", TargetsHandlers.targets(), get),
            Route.api("/api/v1/targets/metadata", TargetsHandlers.metadata(), get),
            Route.api("/api/v1/targets/relabel_steps", TargetsHandlers.relabelSteps(), get),
            Route.api("/api/v1/scrape_pools", TargetsHandlers.scrapePools(), get),
            Route.api("/api/v1/scrape_pools/config", TargetsHandlers.scrapePoolConfig(), get)));
    routes.addAll(
        List.of(
            Route.api("/api/v1/status/buildinfo", FixedHandler.texts(build), get).withQuick(),
            Route.api(
                "/api/v1/status/config",
                FixedHandler.texts(() -> Map.of("yaml", reloader.status().config().yaml())),
                get),
            Route.api("/api/v1/status/flags", FixedHandler.texts(flags()), get),
            Route.api("/api/v1/status/runtimeinfo", runtime, get),
            Route.api("/api/v1/status/active_queries", lists.activeQueries(), get),
            Route.api("/api/v1/status/top_queries", lists.topQueries(), get),
            Route.api("/api/v1/status/metrics", new MetricActivityHandler(this::store), get),
            Route.api("/api/v1/status/tsdb", new TsdbStatusHandler(this::store), get),
            Route.api("/api/v1/status/tsdb/blocks", new BlocksHandler(this::store), get),
            Route.api(
                "/api/v1/status/aggregates", new AggregatesHandler(this::store, aggregates), get),
            Route.api("/api/v1/status/walreplay", new WalReplayHandler(progress), get)
                .withNeedsStore(false),
            Route.api("/api/v1/status/self_metrics", new SelfMetricsHandler(metrics), get),
            Route.api(
                "/api/v1/features",
                new FeaturesHandler(
                    this::store,
                    config.http().adminApi(),
                    config.http().lifecycle(),
                    config.otlp()),
                get),
            Route.api("/api/v1/notifications", new NotificationsHandler(notifications), get)
                .withNeedsStore(false),
            Route.text(
                "/api/v1/notifications/live",
                new LiveNotificationsHandler(
                    notifications, () -> availability == Availability.STOPPING),
                get)));
    RetentionHandlers keeping = new RetentionHandlers(() -> retention, reading);
    routes.addAll(
        List.of(
            Route.api("/api/v1/status/retention", keeping.status(), get),
            Route.api("/api/v1/status/retention/explain", keeping.explain(), both).withBody(form),
            Route.api("/api/v1/status/retention/plan", keeping.plan(), both).withBody(form)));
    String[] change = {"POST", "PUT"};
    DeletesHandlers deletes =
        new DeletesHandlers(this::store, config.http().adminApi(), config.ingest().limits(), clock);
    AggregatesAdminHandlers declaring =
        new AggregatesAdminHandlers(aggregates, config.http().adminApi());
    WriteHandler corrections =
        new WriteHandler(
            this::store,
            writes,
            (ingestor, body, offset, length, type, encoding, tenant) ->
                opened().corrections().write(body, offset, length, type, encoding, tenant));
    routes.addAll(
        List.of(
            Route.api("/api/v1/admin/tsdb/delete_series", admin.deleteSeries(), change)
                .withBody(form),
            Route.api("/api/v1/admin/tsdb/clean_tombstones", admin.cleanTombstones(), change)
                .withBody(form),
            Route.api("/api/v1/admin/deletes", deletes.deletes(), both).withBody(form),
            Route.api("/api/v1/admin/deletes/*", deletes.one(), get),
            Route.api("/api/v1/admin/deletes/*/undo", deletes.undo(), change).withBody(form),
            Route.api("/api/v1/admin/correct", deletes.correct(corrections), change)
                .withBody(config.ingest().limits().compressedBytes()),
            Route.api("/api/v1/admin/aggregates", declaring.all(), both).withBody(form),
            Route.api("/api/v1/admin/aggregates/*", declaring.one(), "DELETE"),
            Route.api("/api/v1/admin/queries/*/kill", lists.kill(), change).withBody(form),
            Route.api("/api/v1/admin/tsdb/merge", admin.merge(), change).withBody(form),
            Route.api(
                    "/api/v1/admin/backups",
                    new BackupsHandler(backups, config.http().adminApi()),
                    both)
                .withBody(form),
            Route.api("/api/v1/admin/tsdb/snapshot", admin.snapshot(), change).withBody(form)));
    String[] any = {"GET", "POST", "PUT"};
    LifecycleHandler lifecycle = new LifecycleHandler(config.http().lifecycle());
    routes.addAll(
        List.of(
            Route.text("/-/healthy", new HealthyHandler(), page),
            Route.text("/-/ready", new ReadyHandler(() -> availability, this::isReady), page),
            Route.text("/-/reload", lifecycle.reload(reloader), any),
            Route.text("/-/quit", lifecycle.quit(quit), any),
            Route.text("/metrics", new MetricsHandler(metrics), get),
            Route.text("/graph", new GraphHandler(), page),
            Route.text("/version", FixedHandler.plainTexts(build), get),
            Route.text(
                "/",
                (request, response) ->
                    response.text(
                        200,
                        "Varve "
                            + Version.varve()
                            + ": the Prometheus HTTP API is at /api/v1, metrics are at"
                            + " /metrics.\n"),
                page)));
    for (SearchHandler.What what : SearchHandler.What.values()) {
      SearchHandler search =
          new SearchHandler(
              what,
              reading,
              clock,
              query.features().contains(Feature.SEARCH_API),
              config.http().searchMaxLimit());
      routes.add(Route.api("/api/v1/search/" + what.path(), search, both).withBody(form));
    }
    if (cluster != null && others != null) {
      routes.addAll(clusterRoutes(cluster, others.secret()));
      routes.addAll(others.routes(config.http().adminApi()));
    }
    routes.add(
        Route.api(
                "/api/v1/openapi.yaml",
                new OpenApiHandler(
                    routes,
                    Version.varve(),
                    config.http().externalUrl().isEmpty()
                        ? config.http().routePrefix()
                        : config.http().externalUrl()),
                get)
            .withNeedsStore(false));
    return others == null ? routes : others.around(routes, kept(others.spool(), writes));
  }

  /** Takes writes that are acknowledged before the cluster has them. */
  private Map<String, Handler> kept(@Nullable WriteSpool spool, Gate writes) {
    if (spool == null) {
      return Map.of();
    }
    Map<String, Handler> kept = new TreeMap<>();
    Map.of(
            REMOTE_WRITE, WriteHandler.Format.REMOTE_WRITE,
            OTLP, WriteHandler.Format.OTLP)
        .forEach(
            (path, format) ->
                kept.put(
                    path,
                    new WriteHandler(
                        this::store,
                        writes,
                        new SpooledFormat(format, path, () -> opened().reader(), spool))));
    if (!config.otlp().enabled()) {
      kept.remove(OTLP);
    }
    return kept;
  }

  /** What the other nodes of the cluster ask. */
  private List<Route> clusterRoutes(ClusterNode node, ClusterSecret secret) {
    List<Route> routes =
        new ArrayList<>(
            ShipHandlers.routes(
                0,
                () -> {
                  OpenStore now = keeper.current();
                  return now == null ? null : now.engine().shipping();
                },
                secret));
    routes.addAll(ScrubHandlers.routes(0, node::scrub, secret));
    routes.add(SharedHandler.route(node.shared()::accept, secret));
    routes.addAll(
        MemberHandlers.routes(
            node.membership()::isFounded,
            node.membership()::begin,
            () -> node.leader(0),
            () -> PeerBook.text(node.book().told()),
            node.membership()::leave,
            node.membership()::join,
            secret));
    routes.add(
        Route.text(
            "/api/v1/cluster/shards/0/terms/*", secret.guard(new TermHandler(node::term)), "GET"));
    return routes;
  }

  private Route otlp(Gate writes) {
    if (!config.otlp().enabled()) {
      Handler off =
          (request, response) ->
              response.text(
                  404,
                  "otlp write receiver needs to be enabled with `otlp.enabled: true` in the"
                      + " configuration\n");
      return Route.text(OTLP, off, "POST");
    }
    Handler on = new WriteHandler(this::store, writes, WriteHandler.Format.OTLP);
    return Route.text(OTLP, on, "POST")
        .withNeedsStore(true)
        .withBody(config.ingest().limits().compressedBytes());
  }

  private static Map<String, String> buildInfo() {
    Map<String, String> info = new LinkedHashMap<>();
    info.put("version", Version.PROMETHEUS);
    info.put("revision", "varve-" + Version.varve());
    info.put("branch", "");
    info.put("buildUser", "");
    info.put("buildDate", "");
    info.put("goVersion", "");
    return info;
  }

  /** Settings under the names of Prometheus' flags, for clients that look for them. */
  private Map<String, String> flags() {
    ServerConfig.Query query = config.query();
    Map<String, String> flags = new TreeMap<>();
    flags.put("web.listen-address", config.listen().toString());
    flags.put(
        "web.route-prefix",
        config.http().routePrefix().isEmpty() ? "/" : config.http().routePrefix());
    flags.put("web.external-url", config.http().externalUrl());
    flags.put("web.cors.origin", config.http().corsOrigin());
    flags.put("web.search.max-limit", Integer.toString(config.http().searchMaxLimit()));
    flags.put("web.enable-admin-api", String.valueOf(config.http().adminApi()));
    flags.put("web.enable-lifecycle", String.valueOf(config.http().lifecycle()));
    flags.put("web.enable-otlp-receiver", String.valueOf(config.otlp().enabled()));
    flags.put("web.enable-remote-write-receiver", "true");
    flags.put(
        "storage.remote.read-concurrent-limit",
        String.valueOf(config.remoteRead().maxConcurrent()));
    flags.put(
        "storage.remote.read-max-bytes-in-frame", String.valueOf(config.remoteRead().frameBytes()));
    flags.put("storage.remote.read-sample-limit", String.valueOf(config.remoteRead().maxSamples()));
    flags.put("rules.alert.for-grace-period", Durations.print(config.rules().graceMillis()));
    flags.put("rules.alert.for-outage-tolerance", Durations.print(config.rules().outageMillis()));
    flags.put("rules.alert.resend-delay", Durations.print(config.rules().resendMillis()));
    flags.put(
        "alertmanager.notification-queue-capacity",
        Integer.toString(config.alerting().queueCapacity()));
    flags.put("storage.tsdb.path", config.dataDir().toString());
    flags.put("storage.tsdb.retention.time", config.storage().retention());
    flags.put("query.lookback-delta", Durations.print(query.lookbackMillis()));
    flags.put("query.max-concurrency", Integer.toString(query.maxConcurrent()));
    flags.put("query.max-samples", Long.toString(query.limits().maxSamples()));
    flags.put("query.timeout", Durations.print(query.limits().timeoutMillis()));
    return flags;
  }

  /** Takes over changed settings; parts that others make register with it before recovery. */
  public Reloader reloader() {
    return reloader;
  }

  private Labels externalLabels() {
    return reloader.status().config().externalLabels();
  }

  private List<String> alertmanagers() {
    return rules.alertmanagers().stream().map(AlertmanagerStatus::url).toList();
  }

  /** Where users find it. */
  private String url() {
    if (!config.http().externalUrl().isEmpty()) {
      return config.http().externalUrl();
    }
    InetSocketAddress address = listener.address();
    String host =
        address.getAddress().isAnyLocalAddress()
            ? RuntimeInfoHandler.hostname()
            : address.getAddress().getHostAddress();
    return "http://"
        + new ServerConfig.Address(host, address.getPort())
        + config.http().routePrefix();
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return listener.address();
  }

  /**
   * Opens the data folder; the server is ready when this returns.
   *
   * @return what was recovered, in words
   * @throws IOException if the folder cannot be used
   * @throws io.varve.engine.format.CorruptDataException if the manifest is damaged
   */
  public String recover() throws IOException {
    String recovery = keeper.open(progress);
    if (others != null) {
      others.open();
    }
    reloader.begin();
    return recovery;
  }

  /** Backups and rules. */
  private final class Beside implements Companions {
    @Override
    public void opened(OpenStore store) {
      if (availability == Availability.STARTING) {
        availability = Availability.READY; // nobody has to wait for what else was pending
      }
      backups.open(store.engine());
    }

    @Override
    public void leads(OpenStore store) throws IOException {
      rules.open(store.engine(), store.queries());
    }

    @Override
    public void follows() {
      rules.close();
    }

    @Override
    public void closing() {
      backups.close();
    }
  }

  /** What cannot be read of the data, in words; empty before recovery. */
  public List<String> damage() {
    OpenStore now = keeper.current();
    return now == null ? List.of() : now.engine().stats().damage();
  }

  /** True if what is done once for all nodes is done here. */
  private boolean decides() {
    ClusterNode node = cluster;
    return node == null || node.leads(0);
  }

  /** This node's part in its cluster; null if it stands alone. */
  @Nullable ClusterNode cluster() {
    return cluster;
  }

  /** True if requests are answered: here or, in a cluster, by way of here. */
  private boolean isReady() {
    return others == null ? availability == Availability.READY : others.isReady();
  }

  private Store store() {
    return opened().store();
  }

  private OpenStore opened() {
    OpenStore now = keeper.current();
    if (now == null) {
      String why = "the store of this node is being opened: try again soon";
      // Another node may take the request.
      throw cluster == null ? new StorageStoppedException(why) : new NotLeadingException(why);
    }
    return now;
  }

  private Engine engine() {
    return opened().engine();
  }

  private @Nullable Store storeIfReady() {
    OpenStore now = keeper.current();
    return now == null || availability != Availability.READY ? null : now.store();
  }

  /**
   * Stops: takes no more connections, lets requests that run finish (as long as {@code
   * http.drain_timeout} says), closes the engine and every connection.
   *
   * @throws IOException if the engine could not be closed properly; what was acknowledged is in the
   *     log all the same
   */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    availability = Availability.STOPPING;
    reloader.close();
    listener.stopAccepting();
    awaitIdle(config.http().drainMillis());
    keeper.quiesce();
    awaitIdle(CANCEL_MILLIS);
    int left = listener.running();
    if (left > 0) {
      LOG.log(System.Logger.Level.WARNING, left + " requests did not finish in time");
    }
    try {
      if (others != null) {
        others.close();
      }
      keeper.close();
    } finally {
      listener.close();
    }
  }

  /** Returns when no request and no query is being worked on any more, or the time is over. */
  private void awaitIdle(long millis) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while ((listener.running() > 0 || !active.isEmpty()) && System.nanoTime() < until) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
