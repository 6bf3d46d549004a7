package io.varve.http.config;

import io.varve.engine.DuplicatePolicy;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.intake.LabelLimits;
import io.varve.query.Feature;
import io.varve.query.QueryLimits;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Everything the server can be told, complete and checked; immutable. {@code docs/varve.yaml} shows
 * every key with its default and meaning.
 *
 * @param listen where to listen
 * @param dataDir the data folder
 * @param log what is logged
 * @param storage of the engine
 * @param retention how long samples are kept
 * @param ingest limits of writes
 * @param query limits of queries
 * @param remoteRead limits of remote read
 * @param otlp the receiver of OpenTelemetry metrics
 * @param rules recording and alerting rules
 * @param alerting who is told of alerts
 * @param aggregates continuous aggregates
 * @param backup where backups go
 * @param cluster the other nodes, if there are any
 * @param http limits of connections and requests, and which endpoints are open
 * @param externalLabels what remote read and federation add to every series that lacks it
 */
public record ServerConfig(
    Address listen,
    Path dataDir,
    LogLevel log,
    Storage storage,
    RetentionConfig retention,
    Ingest ingest,
    Query query,
    RemoteRead remoteRead,
    OtlpConfig otlp,
    RulesConfig rules,
    AlertingConfig alerting,
    AggregatesConfig aggregates,
    BackupConfig backup,
    ClusterConfig cluster,
    Http http,
    Labels externalLabels) {

  /** How much is logged. */
  public enum LogLevel {
    /** What went wrong. */
    ERROR,
    /** And what may go wrong. */
    WARN,
    /** And what happens. */
    INFO,
    /** And every detail. */
    DEBUG
  }

  /** Where the registry of slow-moving facts lives. */
  public enum Registry {
    /** In a Chronicle Map file. */
    CHRONICLE,
    /** On the heap, gone after a restart. */
    HEAP
  }

  /**
   * A host and a port.
   *
   * @param host a name or address; an IPv6 address without brackets
   * @param port 0 lets the system choose
   */
  public record Address(String host, int port) {
    /**
     * Reads {@code HOST:PORT}, {@code [IPv6]:PORT}, or {@code :PORT} for all interfaces.
     *
     * @throws IllegalArgumentException saying what is wrong
     */
    public static Address parse(String text) {
      int colon = text.lastIndexOf(':');
      if (colon < 0) {
        throw new IllegalArgumentException("\"" + text + "\" is not HOST:PORT");
      }
      String host = text.substring(0, colon);
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      } else if (host.indexOf(':') >= 0) {
        throw new IllegalArgumentException(
            "\"" + text + "\" is not HOST:PORT; an IPv6 address stands in brackets: [::1]:9201");
      }
      int port;
      try {
        port = Integer.parseInt(text.substring(colon + 1));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("\"" + text + "\" has no port number at its end", e);
      }
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException("port " + port + " is not between 0 and 65535");
      }
      return new Address(host.isEmpty() ? "0.0.0.0" : host, port);
    }

    @Override
    public String toString() {
      return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /**
   * What the engine is told; see {@link EngineConfig}.
   *
   * @param outOfOrderMillis under {@link DuplicatePolicy#REJECT}
   * @param undoMillis how long deletes can be undone
   * @param purgeMillis when, after that, they are purged at the latest
   * @param retentionMillis 0 keeps everything
   */
  public record Storage(
      FsyncPolicy fsync,
      long windowMillis,
      long flushSpanMillis,
      long retentionMillis,
      DuplicatePolicy duplicates,
      long outOfOrderMillis,
      long undoMillis,
      long purgeMillis,
      int maxActiveSeries,
      long maxHeadBytes,
      long maxLateBytes,
      long checkpointLogBytes,
      long chunkFileBytes,
      Registry registry) {
    /** How long samples are kept, as the file says it. */
    public String retention() {
      return retentionMillis == 0 ? "forever" : Durations.print(retentionMillis);
    }
  }

  /**
   * Limits of writes.
   *
   * @param maxConcurrent requests that are being worked on; 0 stands for twice the cores
   * @param limits what one request, and all together, may take
   */
  public record Ingest(int maxConcurrent, IngestLimits limits) {}

  /**
   * Limits of queries.
   *
   * @param maxConcurrent queries that are being evaluated
   * @param threads on which they are evaluated; 0 stands for one per core
   * @param limits what one may spend
   * @param lookbackMillis how old a sample may be for an instant selector
   * @param subqueryStepMillis step of subqueries that name none
   * @param maxPoints steps of a range query
   * @param storedAggregates whether long ranges are answered from stored aggregates
   * @param cacheBytes memory for results of range queries; 0 if none is kept
   * @param selectionCacheBytes memory for which series selectors find; 0 if that is not kept
   * @param features what of PromQL is switched on
   */
  public record Query(
      int maxConcurrent,
      int threads,
      QueryLimits limits,
      long lookbackMillis,
      long subqueryStepMillis,
      int maxPoints,
      boolean storedAggregates,
      long cacheBytes,
      long selectionCacheBytes,
      Set<Feature> features) {}

  /**
   * Limits of remote read.
   *
   * @param maxConcurrent requests that are being answered
   * @param maxSamples samples in an answer that is not streamed
   * @param frameBytes size at which a frame of a streamed answer is closed
   */
  public record RemoteRead(int maxConcurrent, long maxSamples, int frameBytes) {}

  /**
   * Limits of connections and requests.
   *
   * @param queueMillis how long a request waits for its turn before it is answered 503
   * @param maxFormBytes body of a query by POST
   * @param maxBodiesBytes request bodies in memory at one time, all requests together
   * @param idleMillis a connection without traffic is closed
   * @param writeMillis an answer that the client does not read is given up
   * @param drainMillis how long requests may go on after the server is told to stop
   * @param adminApi whether series may be deleted and snapshots made over HTTP
   * @param lifecycle whether the server may be told over HTTP to reload its settings and to stop
   * @param corsOrigin origins whose pages a browser may let read answers: a regular expression for
   *     the whole origin
   * @param searchMaxLimit results that a search may ask for; 0 for any number
   * @param externalUrl where users find the server, without a slash at its end; "" for its own
   *     address
   * @param routePrefix what all paths begin with, such as {@code /varve}; "" for nothing
   */
  public record Http(
      long queueMillis,
      int maxFormBytes,
      long maxBodiesBytes,
      long idleMillis,
      long writeMillis,
      long drainMillis,
      boolean adminApi,
      boolean lifecycle,
      String corsOrigin,
      int searchMaxLimit,
      String externalUrl,
      String routePrefix) {}

  /** What holds when nothing is said. */
  public static ServerConfig defaults() {
    return read("defaults", YamlNode.Mapping.empty(), new ArrayList<>());
  }

  /**
   * Reads a file.
   *
   * @throws ConfigException naming the place, if it cannot be read, holds an unknown key or a bad
   *     value
   */
  public static ServerConfig load(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new ConfigException(file + ": no such file");
    } catch (MalformedInputException e) {
      throw new ConfigException(file + ": not UTF-8 text");
    } catch (AccessDeniedException e) {
      throw new ConfigException(file + ": permission denied");
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + e.getMessage());
    }
    ServerConfig config = parse(file.toString(), text);
    Path folder = file.toAbsolutePath().getParent();
    return folder == null
        ? config
        : config
            .withRules(config.rules.from(folder), config.alerting.from(folder))
            .withBackup(config.backup.from(folder))
            .withCluster(config.cluster.from(folder));
  }

  /**
   * Reads the text of a file; see {@link #load}. Files that it names are taken as they are named.
   */
  public static ServerConfig parse(String file, String text) {
    return read(file, YamlFile.read(file, text), new ArrayList<>());
  }

  /** The full names of all settings. */
  static List<String> keys() {
    List<String> known = new ArrayList<>();
    read("defaults", YamlNode.Mapping.empty(), known);
    return known;
  }

  private static final long SECOND = 1_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final long YEAR = 365 * DAY;
  private static final long KIB = 1 << 10;
  private static final long MIB = 1 << 20;
  private static final long GIB = 1 << 30;
  private static final long TIB = 1L << 40;

  private static ServerConfig read(String file, YamlNode.Mapping mapping, List<String> known) {
    Settings top = Settings.top(file, mapping, known);
    Address listen = top.value("listen", new Address("127.0.0.1", 9201), Address::parse);
    Path dataDir = top.value("data_dir", Path.of("data"), Path::of);
    LogLevel log = top.choice("log_level", LogLevel.INFO);
    Storage storage = storage(top.section("storage"));
    RetentionConfig retention = RetentionConfig.read(top.section("retention"));
    Ingest ingest = ingest(top.section("ingest"));
    Query query = query(top.section("query"));
    RemoteRead remoteRead = remoteRead(top.section("remote_read"));
    OtlpConfig otlp = OtlpConfig.read(top.section("otlp"));
    RulesConfig rules = RulesConfig.read(top.section("rules"));
    AlertingConfig alerting = AlertingConfig.read(top.section("alerting"));
    AggregatesConfig aggregates = AggregatesConfig.read(top.section("aggregates"));
    aggregates.checkFit(storage.windowMillis, top.section("aggregates"));
    BackupConfig backup = BackupConfig.read(top.section("backup"));
    ClusterConfig cluster = ClusterConfig.read(top.section("cluster"));
    Http http = http(top.section("http"));
    if (cluster.isSet() && !http.routePrefix.isEmpty()) {
      throw top.section("http")
          .wrong("route_prefix", "nodes of a cluster find each other at \"/\" only");
    }
    Labels externalLabels = top.value("external_labels", Labels.EMPTY, ServerConfig::labels);
    top.done();
    return new ServerConfig(
        listen,
        dataDir,
        log,
        storage,
        retention,
        ingest,
        query,
        remoteRead,
        otlp,
        rules,
        alerting,
        aggregates,
        backup,
        cluster,
        http,
        externalLabels);
  }

  private static Storage storage(Settings in) {
    EngineConfig engine = EngineConfig.defaults(Path.of("data"));
    FsyncPolicy fsync = in.choice("fsync", engine.fsync());
    long window = in.millis("window", engine.windowMillis(), HOUR, YEAR);
    Storage storage =
        new Storage(
            fsync,
            window,
            in.millis("flush_span", engine.flushSpanMillis(), MINUTE, window),
            in.millisOr("retention", "forever", 0, HOUR),
            in.choice("duplicates", engine.duplicatePolicy()),
            in.millis("out_of_order_window", engine.outOfOrderMillis(), 0, YEAR),
            in.millis("undo_window", engine.undoMillis(), 0, YEAR),
            in.millis("purge_within", engine.purgeMillis(), 0, YEAR),
            in.integer("max_active_series", engine.maxActiveSeries(), 1, 1 << 30),
            in.bytes("max_head_bytes", engine.maxHeadBytes(), MIB, TIB),
            in.bytes("max_late_bytes", engine.maxLateBytes(), MIB, TIB),
            in.bytes("checkpoint_log_bytes", engine.checkpointLogBytes(), MIB, 16 * GIB),
            in.bytes("chunk_file_bytes", engine.bucketBytes(), 64 * KIB, GIB),
            in.choice("registry", Registry.CHRONICLE));
    in.done();
    return storage;
  }

  private static Ingest ingest(Settings in) {
    IngestLimits limits = IngestLimits.DEFAULT;
    LabelLimits labels = limits.labels();
    Ingest ingest =
        new Ingest(
            in.integer("max_concurrent", 0, 0, 10_000),
            new IngestLimits(
                (int) in.bytes("max_body_bytes", limits.compressedBytes(), KIB, GIB),
                (int) in.bytes("max_decoded_bytes", limits.decodedBytes(), KIB, GIB),
                in.integer("max_entries_per_request", limits.entriesPerRequest(), 1, 100_000_000),
                in.bytes("max_in_flight_bytes", limits.inFlightBytes(), MIB, TIB),
                Duration.ofMillis(
                    in.millis("max_future", limits.future().toMillis(), 0, 100 * YEAR)),
                in.bytes("alias_bytes", limits.aliasBytes(), 0, TIB),
                in.integer("predicted_series", limits.predictedSeries(), 0, 1 << 30),
                new LabelLimits(
                    in.integer("max_labels", labels.labels(), 1, 65_535),
                    in.integer("max_label_name_bytes", labels.nameBytes(), 1, 65_535),
                    in.integer("max_label_value_bytes", labels.valueBytes(), 1, 65_535),
                    in.integer("max_label_set_bytes", labels.setBytes(), 1, 65_535),
                    in.integer(
                        "max_exemplar_characters", labels.exemplarCharacters(), 0, 65_535))));
    in.done();
    return ingest;
  }

  private static Query query(Settings in) {
    QueryLimits limits = QueryLimits.DEFAULT;
    Query query =
        new Query(
            in.integer("max_concurrent", 20, 1, 10_000),
            in.integer("threads", 0, 0, 1_024),
            new QueryLimits(
                in.number("max_samples", limits.maxSamples(), 1, Long.MAX_VALUE),
                in.bytes("max_bytes", limits.maxBytes(), MIB, TIB),
                in.integer("max_series", limits.maxSeries(), 1, Integer.MAX_VALUE),
                in.millis("timeout", limits.timeoutMillis(), 1, DAY)),
            in.millis("lookback", 5 * MINUTE, 1, YEAR),
            in.millis("subquery_step", MINUTE, 1, YEAR),
            in.integer("max_points", 11_000, 1, Integer.MAX_VALUE),
            in.flag("stored_aggregates", true),
            in.bytes("result_cache", 64 * MIB, 0, TIB),
            in.bytes("selection_cache", 32 * MIB, 0, TIB),
            features(in.section("features")));
    in.done();
    return query;
  }

  /** The features that are on, a setting for each, named as Prometheus names it. */
  private static Set<Feature> features(Settings in) {
    Set<Feature> features = EnumSet.noneOf(Feature.class);
    for (Feature feature : Feature.values()) {
      if (in.flag(feature.flag(), feature.isDefault())) {
        features.add(feature);
      }
    }
    in.done();
    return Set.copyOf(features);
  }

  private static RemoteRead remoteRead(Settings in) {
    RemoteRead remoteRead =
        new RemoteRead(
            in.integer("max_concurrent", 10, 1, 10_000),
            in.number("max_samples", 50_000_000, 1, Long.MAX_VALUE),
            (int) in.bytes("frame_bytes", MIB, KIB, 64 * MIB));
    in.done();
    return remoteRead;
  }

  private static Http http(Settings in) {
    long queueMillis = in.millis("queue_timeout", 10 * SECOND, 0, HOUR);
    int maxFormBytes = (int) in.bytes("max_form_bytes", 10 * MIB, KIB, GIB);
    long maxBodiesBytes = in.bytes("max_bodies_bytes", 256 * MIB, MIB, TIB);
    long idleMillis = in.millis("idle_timeout", 5 * MINUTE, SECOND, DAY);
    long writeMillis = in.millis("write_timeout", MINUTE, SECOND, DAY);
    long drainMillis = in.millis("drain_timeout", 5 * SECOND, 0, 8 * SECOND);
    boolean adminApi = in.flag("admin_api", false);
    boolean lifecycle = in.flag("lifecycle", false);
    String corsOrigin = in.value("cors_origin", ".*", ServerConfig::regex);
    int searchMaxLimit = in.integer("search_max_limit", 10_000, 0, Integer.MAX_VALUE);
    String externalUrl = in.value("external_url", "", ServerConfig::externalUrl);
    String routePrefix =
        in.value("route_prefix", URI.create(externalUrl).getRawPath(), ServerConfig::prefix);
    in.done();
    return new Http(
        queueMillis,
        maxFormBytes,
        maxBodiesBytes,
        idleMillis,
        writeMillis,
        drainMillis,
        adminApi,
        lifecycle,
        corsOrigin,
        searchMaxLimit,
        externalUrl,
        routePrefix);
  }

  /** A URL by which a browser finds a server, without a slash at its end; "" of "none". */
  private static String externalUrl(String text) {
    if (text.equals("none")) {
      return "";
    }
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a URL: " + e.getReason() + " at character " + e.getIndex(), e);
    }
    String scheme = url.getScheme();
    boolean web = "http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme);
    if (!web || url.getHost() == null) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not of the form https://HOST[:PORT][/PATH] (or none)");
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null || url.getUserInfo() != null) {
      throw new IllegalArgumentException(
          "\"" + text + "\" has more than a host, a port and a path");
    }
    String authority = url.getRawAuthority();
    return scheme.toLowerCase(Locale.ROOT) + "://" + authority + prefix(url.getRawPath());
  }

  /** A path with a slash before it and none behind it; "" of a slash alone. */
  private static String prefix(String text) {
    String path = text.replaceAll("^/+|/+$", "");
    if (!path.matches("[A-Za-z0-9._~/-]*") || path.contains("//")) {
      throw new IllegalArgumentException("\"" + text + "\" is no path of letters, digits and -._~");
    }
    return path.isEmpty() ? "" : "/" + path;
  }

  private static String regex(String text) {
    var _ = new Matcher(Matcher.Type.RE, "origin", text); // which refuses what is none
    return text;
  }

  /** Reads labels as PromQL writes them: {@code {cluster="a", replica="1"}}. */
  private static Labels labels(String text) {
    if (text.replace(" ", "").equals("{}")) {
      return Labels.EMPTY;
    }
    Labels.Builder labels = new Labels.Builder();
    try {
      for (Matcher matcher : Parser.parseSelector(text)) {
        if (matcher.type() != Matcher.Type.EQ || matcher.name().equals(Labels.METRIC_NAME)) {
          throw new IllegalArgumentException(
              "\"" + text + "\" is not of the form {name=\"value\", other=\"value\"}");
        }
        labels.add(matcher.name(), matcher.value());
      }
    } catch (ParseException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not of the form {name=\"value\", other=\"value\"}", e);
    }
    return labels.build();
  }

  /** The same with the endpoints that change data open or closed. */
  public ServerConfig withAdminApi(boolean open) {
    Http h = http;
    return with(
        draft ->
            draft.http =
                new Http(
                    h.queueMillis,
                    h.maxFormBytes,
                    h.maxBodiesBytes,
                    h.idleMillis,
                    h.writeMillis,
                    h.drainMillis,
                    open,
                    h.lifecycle,
                    h.corsOrigin,
                    h.searchMaxLimit,
                    h.externalUrl,
                    h.routePrefix));
  }

  /** The same with other features of queries, and of what is asked besides. */
  public ServerConfig withFeatures(Set<Feature> features) {
    Query q = query;
    return with(
        draft ->
            draft.query =
                new Query(
                    q.maxConcurrent,
                    q.threads,
                    q.limits,
                    q.lookbackMillis,
                    q.subqueryStepMillis,
                    q.maxPoints,
                    q.storedAggregates,
                    q.cacheBytes,
                    q.selectionCacheBytes,
                    Set.copyOf(features)));
  }

  /** The same with other external labels. */
  public ServerConfig withExternalLabels(Labels other) {
    return with(draft -> draft.externalLabels = other);
  }

  /** The same with other rules, and others who are told of alerts. */
  public ServerConfig withRules(RulesConfig otherRules, AlertingConfig otherAlerting) {
    return with(
        draft -> {
          draft.rules = otherRules;
          draft.alerting = otherAlerting;
        });
  }

  /** The same with another place for backups. */
  public ServerConfig withBackup(BackupConfig other) {
    return with(draft -> draft.backup = other);
  }

  /** The same in another cluster. */
  public ServerConfig withCluster(ClusterConfig other) {
    return with(draft -> draft.cluster = other);
  }

  /** The same with other limits of remote read. */
  public ServerConfig withRemoteRead(RemoteRead other) {
    return with(draft -> draft.remoteRead = other);
  }

  /** The same with another place to listen. */
  public ServerConfig withListen(Address other) {
    return with(draft -> draft.listen = other);
  }

  /** The same with another data folder. */
  public ServerConfig withDataDir(Path other) {
    return with(draft -> draft.dataDir = other);
  }

  /** The same with another meaning of an acknowledgement. */
  public ServerConfig withFsync(FsyncPolicy other) {
    Storage s = storage;
    return with(
        draft ->
            draft.storage =
                new Storage(
                    other,
                    s.windowMillis,
                    s.flushSpanMillis,
                    s.retentionMillis,
                    s.duplicates,
                    s.outOfOrderMillis,
                    s.undoMillis,
                    s.purgeMillis,
                    s.maxActiveSeries,
                    s.maxHeadBytes,
                    s.maxLateBytes,
                    s.checkpointLogBytes,
                    s.chunkFileBytes,
                    s.registry));
  }

  private ServerConfig with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.build();
  }

  /** A configuration in the making: the one place that copies every component. */
  private static final class Draft {
    final ServerConfig from;
    Address listen;
    Path dataDir;
    Storage storage;
    Query query;
    RemoteRead remoteRead;
    RulesConfig rules;
    AlertingConfig alerting;
    BackupConfig backup;
    ClusterConfig cluster;
    Http http;
    Labels externalLabels;

    Draft(ServerConfig from) {
      this.from = from;
      listen = from.listen;
      dataDir = from.dataDir;
      storage = from.storage;
      query = from.query;
      remoteRead = from.remoteRead;
      rules = from.rules;
      alerting = from.alerting;
      backup = from.backup;
      cluster = from.cluster;
      http = from.http;
      externalLabels = from.externalLabels;
    }

    ServerConfig build() {
      return new ServerConfig(
          listen,
          dataDir,
          from.log,
          storage,
          from.retention,
          from.ingest,
          query,
          remoteRead,
          from.otlp,
          rules,
          alerting,
          from.aggregates,
          backup,
          cluster,
          http,
          externalLabels);
    }
  }

  /**
   * The full names of the settings whose values differ, in the order of the file; of a list, the
   * name of the whole.
   */
  public List<String> differences(ServerConfig other) {
    Map<String, String> mine = ConfigText.values(this);
    Map<String, String> others = ConfigText.values(other);
    Set<String> names = new LinkedHashSet<>(mine.keySet());
    names.addAll(others.keySet());
    names.removeIf(name -> Objects.equals(mine.get(name), others.get(name)));
    return List.copyOf(names);
  }

  /** A file that says the same, every setting included. */
  public String yaml() {
    return ConfigText.of(this);
  }

  /** How long samples are kept: the rules, and what holds for everything else. */
  public RetentionPolicy retentionPolicy() {
    return retention.policy(storage.retentionMillis);
  }

  /** What the engine is to be opened with. */
  public EngineConfig engine() {
    return EngineConfig.defaults(dataDir)
        .withFsync(storage.fsync)
        .withWindow(storage.windowMillis, storage.flushSpanMillis)
        .withRetention(retentionPolicy())
        .withDiskLimits(retention.disk())
        .withDuplicates(storage.duplicates, storage.outOfOrderMillis)
        .withUndo(storage.undoMillis, storage.purgeMillis)
        .withLimits(storage.maxActiveSeries, storage.maxHeadBytes, storage.maxLateBytes)
        .withSizes(storage.checkpointLogBytes, storage.chunkFileBytes)
        .withSelectionCache(query.selectionCacheBytes)
        .withChronicleRegistry(storage.registry == Registry.CHRONICLE)
        .withAwaitedAggregates();
  }

  /** How long queries may take, as a duration. */
  public Duration queryTimeout() {
    return Duration.ofMillis(query.limits.timeoutMillis());
  }
}
