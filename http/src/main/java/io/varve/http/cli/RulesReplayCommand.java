package io.varve.http.cli;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.model.Labels;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.LogLevel;
import io.varve.http.replay.Comparison;
import io.varve.http.replay.EngineTarget;
import io.varve.http.replay.History;
import io.varve.http.replay.Replay;
import io.varve.http.replay.ServerConnection;
import io.varve.http.replay.ServerHistory;
import io.varve.http.replay.ServerSettings;
import io.varve.http.replay.ServerTarget;
import io.varve.http.replay.StoredHistory;
import io.varve.http.replay.Target;
import io.varve.ingest.InvalidTenantException;
import io.varve.ingest.Tenants;
import io.varve.query.Feature;
import io.varve.query.QueryEngine;
import io.varve.query.QueryLimits;
import io.varve.retention.rules.Durations;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleFiles;
import io.varve.retention.rules.RuleGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve rules replay FILE}: rules over history. */
@Command(
    name = "replay",
    description = {
      "Evaluates a file of rules over history, at each interval of its groups, as a server would"
          + " have done. Tells which alerts would have fired, and what recording rules would have"
          + " recorded; writes the series with --write, or compares two versions of the file with"
          + " --compare.",
      "The history is that of a running server (--url), or that of a data folder that no server has"
          + " open (--data-dir).",
      "Rules see what rules of the file make in this run, not what the store has of it.",
      "Exits with 1 if a rule failed."
    },
    mixinStandardHelpOptions = true)
final class RulesReplayCommand implements Callable<Integer> {
  /** How the report is written. */
  enum Format {
    TABLE,
    JSON
  }

  private static final String DEFAULT_URL = "http://127.0.0.1:9201";
  private static final long DEFAULT_INTERVAL_MILLIS = 60_000;
  private static final long PROGRESS_NANOS = 2_000_000_000L;
  private static final long LONGEST_QUERY_MILLIS = 600_000;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "The file of rules.")
  private @Nullable Path file;

  @Option(
      names = "--from",
      paramLabel = "TIME",
      description =
          "The first time of an evaluation: RFC 3339, a date (2026-01-31, in UTC), seconds since"
              + " the epoch, or how long ago (-7d). Evaluations are at multiples of their"
              + " interval.")
  private @Nullable String from;

  @Option(
      names = "--to",
      paramLabel = "TIME",
      description = "The last time of an evaluation; now by default.")
  private String to = "now";

  @Option(
      names = "--warm-up",
      paramLabel = "DURATION",
      description =
          "Begins to evaluate so long before --from, and tells nothing of it: alerts that were"
              + " there already are told of as they were; ${DEFAULT-VALUE} by default.")
  private String warmUp = "0s";

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Where the server is; http://127.0.0.1:9201 by default.")
  private @Nullable String url;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "The data folder; no server may have it open.")
  private @Nullable Path dataDir;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration of the server that the data folder belongs to.")
  private @Nullable Path config;

  @Option(names = "--tenant", paramLabel = "NAME", description = "Whose series.")
  private String tenant = "";

  @Option(
      names = "--interval",
      paramLabel = "DURATION",
      description = "Of groups that name none; that of the configuration by default, or 1m.")
  private @Nullable String interval;

  @Option(
      names = "--query-offset",
      paramLabel = "DURATION",
      description = "Of groups that name none; that of the configuration by default, or 0s.")
  private @Nullable String offset;

  @Option(
      names = "--external-label",
      paramLabel = "NAME=VALUE",
      description =
          "What templates know as external labels, in place of the server's; may be given several"
              + " times.")
  private Map<String, String> externalLabels = new LinkedHashMap<>();

  @Option(
      names = "--external-url",
      paramLabel = "URL",
      description = "What templates know as the external URL.")
  private String externalUrl = "";

  @Option(
      names = "--write",
      description = "Writes the recorded series, and those of alerts, into the store.")
  private boolean write;

  @Option(
      names = "--compare",
      paramLabel = "FILE",
      description =
          "An older version of the file: tells which alerts FILE fires that it does not, or at"
              + " other times, and which recorded series differ.")
  private @Nullable Path older;

  @Option(
      names = "--pending",
      description = "Also lists alerts that were pending, but never fired.")
  private boolean pending;

  @Option(
      names = "--format",
      paramLabel = "table|json",
      description = "Of the report; table by default.")
  private Format format = Format.TABLE;

  @Option(
      names = "--enable-feature",
      paramLabel = "FLAG,…",
      split = ",",
      description = "Features of PromQL to switch on, by Prometheus' flags.")
  private @Nullable List<String> flags;

  @Option(
      names = "--ignore-unknown-fields",
      description = "Fields that are not known in the files are no error.")
  private boolean ignoreUnknown;

  @Override
  public Integer call() throws IOException {
    Logging.level(LogLevel.ERROR);
    Path rules = Folders.required(file);
    if (from == null) {
      throw new ParameterException(
          spec.commandLine(),
          "Say from when on: --from 2026-01-31T00:00:00Z, or --from -7d for the last seven days"
              + " (and --to, if not up to now)");
    }
    if (write && older != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--write and --compare exclude each other: what is written would be"
              + " part of the history that the other file sees");
    }
    try {
      Tenants.parse(tenant);
    } catch (InvalidTenantException e) {
      throw new ParameterException(spec.commandLine(), "--tenant: " + e.getMessage(), e);
    }
    ServerConfig settings = config == null ? ServerConfig.defaults() : ServerConfig.load(config);
    Replay.Options options = options(told(settings)); // to say what is wrong with them first
    RuleFile parsed = parse(rules);
    RuleFile parsedOlder = older == null ? null : parse(older);
    if (parsed == null || (older != null && parsedOlder == null)) {
      return Failures.FAILED;
    }
    if (url != null && dataDir != null) {
      throw new ParameterException(spec.commandLine(), "give --url or --data-dir, not both");
    }
    try (QueryEngine queries = new QueryEngine(queryOptions(settings))) {
      return dataDir == null
          ? overServer(parsed, parsedOlder, queries)
          : overFolder(parsed, parsedOlder, settings, queries, options);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private int overFolder(
      RuleFile parsed,
      @Nullable RuleFile parsedOlder,
      ServerConfig settings,
      QueryEngine queries,
      Replay.Options options)
      throws IOException {
    EngineConfig storage = settings.withDataDir(existing(dataDir)).engine();
    // A tool is no reason to let go of anything: what is kept, and for how long, stays as it is.
    storage = storage.withBackgroundThreads(false).withChronicleRegistry(false);
    try (Engine engine = Engine.open(storage.withStoredRetention());
        History history = new StoredHistory(engine, queries, tenant)) {
      engine.aggregate(settings.aggregates().toEngine(), 0);
      return run(parsed, parsedOlder, history, queries, options, new EngineTarget(engine, tenant));
    }
  }

  private int overServer(RuleFile parsed, @Nullable RuleFile parsedOlder, QueryEngine queries)
      throws IOException {
    try (ServerConnection server = connect()) {
      ServerSettings told = ServerSettings.of(server);
      Replay.Options options = options(told);
      try (History history =
          new ServerHistory(server, queries, told.externalLabels(), options.to())) {
        return run(parsed, parsedOlder, history, queries, options, new ServerTarget(server));
      }
    }
  }

  private static ServerSettings told(ServerConfig settings) {
    Map<String, String> labels = new LinkedHashMap<>();
    Labels external = settings.externalLabels();
    for (int i = 0; i < external.size(); i++) {
      labels.put(external.name(i), external.value(i));
    }
    return new ServerSettings(
        labels, settings.rules().intervalMillis(), settings.rules().offsetMillis());
  }

  private ServerConnection connect() {
    try {
      return new ServerConnection(url == null ? DEFAULT_URL : url, tenant);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--url: " + e.getMessage(), e);
    }
  }

  private int run(
      RuleFile parsed,
      @Nullable RuleFile parsedOlder,
      History history,
      QueryEngine queries,
      Replay.Options options,
      Target target)
      throws IOException {
    return parsedOlder == null
        ? replay(parsed, history, queries, options, write ? target : null)
        : compare(parsedOlder, parsed, history, queries, options);
  }

  private int replay(
      RuleFile rules,
      History history,
      QueryEngine queries,
      Replay.Options options,
      @Nullable Target target)
      throws IOException {
    long[] refused = new long[1];
    try (Replay replay = new Replay(rules, history, queries, options)) {
      Progress progress = new Progress(options);
      while (!replay.done()) {
        replay.advance(
            replay.position() + replay.stretchMillis(),
            (rule, series) -> {
              if (target != null) {
                try {
                  refused[0] += target.write(series);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            });
        progress.at(replay.position());
      }
      ReplayReport report = new ReplayReport(options, replay, target == null ? -1 : refused[0]);
      switch (format) {
        case TABLE -> report.table(System.out, pending);
        case JSON -> report.json(System.out);
      }
      report.failures(System.err);
      return report.failed() || refused[0] > 0 ? Failures.FAILED : 0;
    }
  }

  private int compare(
      RuleFile olderRules,
      RuleFile rules,
      History history,
      QueryEngine queries,
      Replay.Options options)
      throws IOException {
    Comparison comparison = new Comparison();
    try (Replay before = new Replay(olderRules, history, queries, options);
        Replay after = new Replay(rules, history, queries, options)) {
      Progress progress = new Progress(options);
      while (!after.done()) {
        long until = after.position() + Math.min(before.stretchMillis(), after.stretchMillis());
        before.advance(until, comparison.before());
        after.advance(until, comparison.after());
        comparison.endStretch();
        progress.at(after.position());
      }
      ReplayReport report = new ReplayReport(options, after, -1);
      ReplayReport reportBefore = new ReplayReport(options, before, -1);
      ComparisonReport differences = new ComparisonReport(reportBefore, report, comparison);
      switch (format) {
        case TABLE -> differences.table(System.out);
        case JSON -> differences.json(System.out);
      }
      reportBefore.failures(System.err);
      report.failures(System.err);
      return report.failed() || reportBefore.failed() ? Failures.FAILED : 0;
    }
  }

  /** Tells now and then how far it has come. */
  private static final class Progress {
    private final Replay.Options options;
    private long last = System.nanoTime();

    Progress(Replay.Options options) {
      this.options = options;
    }

    void at(long position) {
      if (System.nanoTime() - last > PROGRESS_NANOS && position >= options.from()) {
        last = System.nanoTime();
        System.err.printf(
            Locale.ROOT,
            "replayed up to %s (%d %%)%n",
            Instant.ofEpochMilli(position),
            100 * (position - options.from()) / Math.max(1, options.to() - options.from()));
      }
    }
  }

  /** With what the command line does not say from the settings of a server. */
  private Replay.Options options(ServerSettings settings) {
    long now = System.currentTimeMillis();
    long begin = time("--from", String.valueOf(from), now);
    long end = time("--to", to, now);
    if (end < begin) {
      throw new ParameterException(spec.commandLine(), "--to is before --from");
    }
    long every =
        interval != null
            ? duration("--interval", interval)
            : settings.intervalMillis() > 0 ? settings.intervalMillis() : DEFAULT_INTERVAL_MILLIS;
    if (every <= 0) {
      throw new ParameterException(spec.commandLine(), "--interval must be positive");
    }
    return new Replay.Options(
        begin,
        end,
        duration("--warm-up", warmUp),
        every,
        new RuleGroup.Options(
            externalUrl,
            externalLabels.isEmpty() ? settings.externalLabels() : externalLabels,
            offset != null
                ? duration("--query-offset", offset)
                : Math.max(0, settings.offsetMillis())));
  }

  private long time(String option, String text, long now) {
    try {
      return TimeOption.parse(text, now);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), option + ": " + e.getMessage(), e);
    }
  }

  private long duration(String option, String text) {
    try {
      return Durations.millis(text);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), option + ": " + e.getMessage(), e);
    }
  }

  private @Nullable RuleFile parse(Path path) {
    try {
      RuleFile parsed = RuleFile.parse(RuleFiles.text(path), Replay.checker(), ignoreUnknown);
      if (parsed.groups().stream().allMatch(group -> group.rules().isEmpty())) {
        System.err.println("varve: " + path + ": there are no rules in it");
      }
      return ofTenant(path, parsed);
    } catch (RuleException e) {
      String.valueOf(e.getMessage())
          .lines()
          .forEach(line -> System.err.println("varve: " + path + ": " + line));
      return null;
    }
  }

  /** The groups of the tenant whose series are asked for, and those that say nothing of tenants. */
  private RuleFile ofTenant(Path path, RuleFile all) {
    List<RuleFile.Group> mine = new ArrayList<>();
    Set<String> others = new TreeSet<>();
    for (RuleFile.Group group : all.groups()) {
      if (group.tenant().isEmpty() || group.tenant().equals(tenant)) {
        mine.add(group);
      } else {
        others.add(group.tenant());
      }
    }
    if (!others.isEmpty()) {
      System.err.println(
          "varve: "
              + path
              + ": left out "
              + (all.groups().size() - mine.size())
              + " groups of other tenants (--tenant "
              + String.join(", ", others)
              + ")");
    }
    return new RuleFile(List.copyOf(mine));
  }

  private Path existing(@Nullable Path folder) {
    try {
      return Folders.withStore(folder);
    } catch (NoSuchFileException e) {
      throw new ParameterException(
          spec.commandLine(), "--data-dir: " + folder + " is no data folder", e);
    } catch (IOException e) {
      throw new ParameterException(spec.commandLine(), "--data-dir: " + e.getMessage(), e);
    }
  }

  private QueryEngine.Options queryOptions(ServerConfig settings) {
    ServerConfig.Query query = settings.query();
    Set<Feature> features = EnumSet.copyOf(query.features());
    for (String flag : flags == null ? List.<String>of() : flags) {
      try {
        features.add(Feature.of(flag));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--enable-feature: " + e.getMessage(), e);
      }
    }
    QueryLimits limits = query.limits().withTimeoutMillis(LONGEST_QUERY_MILLIS);
    return new QueryEngine.Options(
        Runtime.getRuntime().availableProcessors(),
        query.lookbackMillis(),
        query.subqueryStepMillis(),
        limits,
        features);
  }
}
