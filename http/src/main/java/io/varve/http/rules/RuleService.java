package io.varve.http.rules;

import io.varve.engine.Engine;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.http.config.ConfigException;
import io.varve.http.config.RulesConfig;
import io.varve.http.config.ServerConfig;
import io.varve.http.notify.AlertmanagerStatus;
import io.varve.http.notify.Notifier;
import io.varve.http.notify.NotifyMeter;
import io.varve.http.reload.Reloadable;
import io.varve.http.reload.SharedPart;
import io.varve.http.reload.Sharing;
import io.varve.query.Feature;
import io.varve.query.QueryEngine;
import io.varve.query.QueryOptions;
import io.varve.query.promql.ParserOptions;
import io.varve.retention.rules.Evaluator;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFiles;
import io.varve.retention.rules.RuleManager;
import io.varve.retention.rules.RuleMeter;
import io.varve.retention.rules.RuleSample;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a server, from their files to the Alertmanagers. Files are read and checked when it
 * is made; evaluation begins with {@link #open}. Thread-safe.
 */
public final class RuleService implements Reloadable, SharedPart, AutoCloseable {
  private static final long STOP_MILLIS = 500;
  private static final long CANCEL_MILLIS = 2_000;

  private final ServerConfig atStart;
  private final ParserOptions language;
  private final Supplier<String> externalUrl;
  private final RuleMeter meter;
  private final NotifyMeter notifyMeter;
  private final InstantSource clock;
  private final @Nullable Sharing sharing;
  private volatile String own;
  private volatile List<RuleFiles.Loaded> files;
  private volatile ServerConfig current;
  private volatile @Nullable Opened opened;

  /** What is there once there is a store. */
  private record Opened(RuleManager manager, Notifier notifier, QueryEvaluator evaluator) {}

  /**
   * Reads and checks the files.
   *
   * @param externalUrl where users find the server, asked when it is open
   * @param sharing null if what stands in the files is in force; else {@link #take} says what is
   * @throws ConfigException if a file is wrong
   */
  public RuleService(
      ServerConfig config,
      Supplier<String> externalUrl,
      RuleMeter meter,
      NotifyMeter notifyMeter,
      @Nullable Sharing sharing,
      InstantSource clock) {
    this.atStart = config;
    this.current = config;
    this.externalUrl = externalUrl;
    this.meter = meter;
    this.notifyMeter = notifyMeter;
    this.clock = clock;
    language = Feature.language(config.query().features());
    this.sharing = sharing;
    files = load(config);
    own = texts(config);
    if (sharing != null) {
      files = List.of();
    }
  }

  /** What the files say, for other nodes; nothing if there are none. */
  private String texts(ServerConfig config) {
    if (sharing == null) {
      return "";
    }
    try {
      return RuleTexts.write(RuleFiles.texts(config.rules().files()));
    } catch (RuleException e) {
      throw new ConfigException("rules.files: " + e.getMessage());
    }
  }

  private List<RuleFiles.Loaded> parsed(String text) {
    try {
      return RuleFiles.parse(RuleTexts.read(text), new Checker(language));
    } catch (RuleException e) {
      throw new ConfigException("rules of the cluster: " + e.getMessage());
    }
  }

  @Override
  public String name() {
    return "rules";
  }

  @Override
  public String own() {
    return own;
  }

  @Override
  public void check(String text) {
    var _ = parsed(text);
  }

  @Override
  public void take(String text) {
    files = parsed(text);
    Opened now = opened;
    if (now != null) {
      now.manager.update(files, settings(current.rules(), current.externalLabels()));
    }
  }

  private List<RuleFiles.Loaded> load(ServerConfig config) {
    try {
      return RuleFiles.load(config.rules().files(), new Checker(language));
    } catch (RuleException e) {
      throw new ConfigException("rules.files: " + e.getMessage());
    }
  }

  /** Checks expressions, before there is anything to evaluate them on. */
  private record Checker(ParserOptions language) implements Evaluator {
    @Override
    public String check(String expression) {
      return QueryEvaluator.canonical(expression, language);
    }

    @Override
    public List<RuleSample> evaluate(String expression, long timeMillis) {
      throw new IllegalStateException("BUG: files are checked, not evaluated");
    }

    @Override
    public String text(Histogram histogram) {
      throw new IllegalStateException("BUG: files are checked, not evaluated");
    }
  }

  /**
   * Begins to evaluate, or begins again after it was closed.
   *
   * @throws IOException if the files that alerting needs cannot be read
   */
  public void open(Engine engine, QueryEngine queries) throws IOException {
    QueryEvaluator evaluator =
        new QueryEvaluator(
            queries,
            engine::snapshot,
            language,
            QueryOptions.DEFAULT.withStoredAggregates(atStart.query().storedAggregates()));
    Notifier notifier =
        new Notifier(current.alerting(), current.externalLabels(), externalUrl, notifyMeter);
    RuleManager manager =
        new RuleManager(
            new RuleManager.Surroundings(
                evaluator::of,
                tenant -> new EngineSink(engine, atStart.ingest().limits().labels(), tenant),
                engine::snapshot,
                notifier,
                meter,
                clock));
    List<RuleFiles.Loaded> begun = files;
    manager.update(begun, settings(current.rules(), current.externalLabels()));
    manager.start(atStart.rules().maxConcurrent());
    opened = new Opened(manager, notifier, evaluator);
    if (files != begun) { // taken by who did not see yet that it is open
      manager.update(files, settings(current.rules(), current.externalLabels()));
    }
  }

  private RuleManager.Settings settings(RulesConfig rules, Labels externalLabels) {
    Map<String, String> labels = new TreeMap<>();
    for (int i = 0; i < externalLabels.size(); i++) {
      labels.put(externalLabels.name(i), externalLabels.value(i));
    }
    return new RuleManager.Settings(
        rules.intervalMillis(),
        rules.offsetMillis(),
        rules.resendMillis(),
        rules.outageMillis(),
        rules.graceMillis(),
        atStart.rules().catchUpMillis(),
        atStart.rules().catchUpDelayMillis(),
        externalUrl.get(),
        labels);
  }

  @Override
  public Set<String> settings() {
    return Set.of(
        "rules.files",
        "rules.interval",
        "rules.query_offset",
        "rules.resend_delay",
        "rules.for_outage_tolerance",
        "rules.for_grace_period",
        "alerting",
        "external_labels");
  }

  @Override
  public Runnable prepare(ServerConfig next) {
    Opened now = opened;
    List<RuleFiles.Loaded> nextFiles = load(next);
    String nextOwn = texts(next);
    Sharing all = sharing;
    Runnable later =
        () -> {
          current = next;
          own = nextOwn;
          if (all == null) {
            files = nextFiles;
          } else {
            all.publish(this);
          }
        };
    if (now == null) {
      return later;
    }
    Runnable alerting;
    try {
      alerting = now.notifier.prepare(next.alerting(), next.externalLabels());
    } catch (IOException e) {
      throw new ConfigException("alerting: " + e.getMessage());
    }
    return () -> {
      later.run();
      alerting.run();
      now.manager.update(files, settings(next.rules(), next.externalLabels()));
    };
  }

  /** The groups by file and name; none before it is open. */
  public List<GroupStatus> groups() {
    Opened now = opened;
    return now == null ? List.of() : now.manager.groups();
  }

  /** Who is told of alerts; nobody before it is open. */
  public List<AlertmanagerStatus> alertmanagers() {
    Opened now = opened;
    return now == null ? List.of() : now.notifier.alertmanagers();
  }

  /** URLs of those whom the configuration names and its relabelling drops. */
  public List<String> droppedAlertmanagers() {
    Opened now = opened;
    return now == null ? List.of() : now.notifier.droppedAlertmanagers();
  }

  /** Stops evaluating, and tells of alerts that still wait; the store must be open until then. */
  @Override
  public void close() {
    Opened now = opened;
    if (now == null) {
      return;
    }
    opened = null;
    now.manager.stop();
    if (!now.manager.awaitEnd(STOP_MILLIS)) {
      now.evaluator.cancel();
      var _ = now.manager.awaitEnd(CANCEL_MILLIS);
    }
    now.notifier.close();
  }
}
