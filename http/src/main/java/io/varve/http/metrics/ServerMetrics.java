package io.varve.http.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.varve.http.api.MetricsHandler;
import io.varve.http.api.QueryMeter;
import io.varve.http.api.SelfMetricsHandler;
import io.varve.http.api.Store;
import io.varve.http.backup.BackupService;
import io.varve.http.json.Json;
import io.varve.http.net.Gate;
import io.varve.http.net.Observer;
import io.varve.http.notify.AlertmanagerStatus;
import io.varve.http.notify.NotifyMeter;
import io.varve.http.reload.Reloader;
import io.varve.query.QueryStats;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.RuleMeter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Everything that is counted about the server, and its exposition. Any thread. */
public final class ServerMetrics
    implements Observer,
        QueryMeter,
        RuleMeter,
        NotifyMeter,
        MetricsHandler.Exposition,
        SelfMetricsHandler.Families {
  private static final double[] SECONDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120
  };

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final ExpositionFormats formats = ExpositionFormats.init();
  private final Counter requests =
      counter("varve_http_requests", "HTTP requests.", "handler", "code");
  private final Histogram durations =
      histogram(
          "varve_http_request_duration_seconds",
          "Time from a complete request to the end of its answer.",
          "handler");
  private final Counter requestBytes =
      counter("varve_http_request_bytes", "Bytes of request bodies.", "handler");
  private final Counter responseBytes =
      counter("varve_http_response_bytes", "Bytes of answers.", "handler");
  private final Histogram queries =
      histogram("varve_query_duration_seconds", "Time to evaluate a query that was answered.");
  private final Histogram queued =
      histogram("varve_query_queue_seconds", "Time that a query waited for its turn.");
  private final Counter failures =
      counter("varve_query_failures", "Queries that were not answered, by error type.", "type");
  private final Counter shared =
      counter(
          "varve_query_shared",
          "Queries that were answered with what an identical one computed at the same time.");
  private final Counter samplesRead =
      counter("varve_query_samples_read", "Samples decoded for queries.");
  private final Counter series = counter("varve_query_series", "Series selected by queries.");
  private final Counter storedBlocks =
      counter("varve_query_stored_blocks", "Blocks that queries took from stored aggregates.");

  private final Histogram rules =
      histogram("varve_rule_evaluation_duration_seconds", "Time to evaluate a rule.");
  private final Histogram ruleGroups =
      histogram("varve_rule_group_duration_seconds", "Time to evaluate a group of rules.");
  private final Histogram notifications =
      histogram(
          "varve_notifications_duration_seconds",
          "Time until an Alertmanager has answered, or has not.",
          "alertmanager");

  /** With the process' own figures. */
  public ServerMetrics(String version) {
    Info.builder()
        .name("varve_build_info")
        .help("Version of Varve and of the Java runtime.")
        .labelNames("version", "java_version")
        .register(registry)
        .addLabelValues(version, Runtime.version().toString());
    registry.register(new ProcessCollector());
  }

  private Counter counter(String name, String help, String... labels) {
    return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
  }

  private Histogram histogram(String name, String help, String... labels) {
    return Histogram.builder()
        .name(name)
        .help(help)
        .labelNames(labels)
        .classicOnly()
        .classicUpperBounds(SECONDS)
        .register(registry);
  }

  private void gauge(String name, String help, DoubleSupplier value) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call(value.getAsDouble()))
        .register(registry);
  }

  /** Adds what the store tells, once it is there. */
  public void observeStore(Supplier<@Nullable Store> store, BooleanSupplier ready) {
    registry.register(new StoreCollector(store));
    gauge(
        "varve_ready",
        "1 when all acknowledged data is recovered and can be asked for, else 0.",
        () -> ready.getAsBoolean() ? 1 : 0);
  }

  /** Adds what rules and those who are told of alerts tell. */
  public void observeRules(
      Supplier<List<GroupStatus>> groups, Supplier<List<AlertmanagerStatus>> alertmanagers) {
    registry.register(new RuleCollector(groups, alertmanagers));
  }

  /** Adds what reloads of the configuration tell. */
  public void observeReloads(Supplier<Reloader.Status> reloads) {
    gauge(
        "varve_config_last_reload_successful",
        "1 if the configuration was loaded without an error when that was last tried, else 0.",
        () -> reloads.get().isSuccessful() ? 1 : 0);
    gauge(
        "varve_config_last_reload_success_timestamp_seconds",
        "When the configuration was last loaded without an error, in Unix time.",
        () -> reloads.get().since().toEpochMilli() / 1e3);
    gauge(
        "varve_config_restart_needed",
        "How many settings differ from those that are in force, and need a restart.",
        () -> reloads.get().needRestart().size());
  }

  /** Adds what servers tell that belong to a cluster. */
  public ClusterMetrics cluster() {
    return new ClusterMetrics(registry);
  }

  /** Adds how backups stand, if they have a place. */
  public void observeBackups(BooleanSupplier isSet, Supplier<BackupService.Status> status) {
    registry.register(new BackupCollector(isSet, status));
  }

  /** Adds what the open port tells. */
  public void observeListener(LongSupplier running, LongSupplier bodyBytes) {
    gauge("varve_http_requests_running", "Requests that are being worked on.", running::getAsLong);
    gauge("varve_http_body_bytes", "Memory of request bodies.", bodyBytes::getAsLong);
  }

  /**
   * Adds a gate.
   *
   * @param what passes it, in plural, as part of the names
   */
  public void observeGate(String what, Gate gate) {
    gauge("varve_" + what + "_running", "How many " + what + " are worked on.", gate::inside);
    gauge("varve_" + what + "_waiting", "How many " + what + " wait for a turn.", gate::waiting);
    gauge("varve_" + what + "_most", "How many " + what + " may be worked on.", gate::most);
    CounterWithCallback.builder()
        .name("varve_" + what + "_refused")
        .help("How many " + what + " waited in vain.")
        .callback(callback -> callback.call((double) gate.refused()))
        .register(registry);
  }

  @Override
  public void answered(String route, int status, long nanos, long received, long sent) {
    requests.labelValues(route, Integer.toString(status)).inc();
    durations.labelValues(route).observe(nanos / 1e9);
    requestBytes.labelValues(route).inc(received);
    responseBytes.labelValues(route).inc(sent);
  }

  @Override
  public void answered(long evaluationNanos, long queueNanos, QueryStats stats) {
    queries.observe(evaluationNanos / 1e9);
    queued.observe(queueNanos / 1e9);
    samplesRead.inc(stats.samplesRead());
    series.inc(stats.series());
    storedBlocks.inc(stats.storedBlocks());
  }

  @Override
  public void shared() {
    shared.inc();
  }

  @Override
  public void failed(String errorType) {
    failures.labelValues(errorType).inc();
  }

  @Override
  public void ruleEvaluated(long nanos) {
    rules.observe(nanos / 1e9);
  }

  @Override
  public void groupEvaluated(long nanos) {
    ruleGroups.observe(nanos / 1e9);
  }

  @Override
  public void answered(String alertmanager, long nanos) {
    notifications.labelValues(alertmanager).observe(nanos / 1e9);
  }

  @Override
  public String contentType(@Nullable String accept) {
    return writer(accept).getContentType();
  }

  @Override
  public void write(@Nullable String accept, OutputStream out) throws IOException {
    writer(accept).write(out, registry.scrape());
  }

  @Override
  public void write(Json json, Predicate<String> names) throws IOException {
    ProtoJson.write(json, registry.scrape(), names);
  }

  private ExpositionFormatWriter writer(@Nullable String accept) {
    // Without the protobuf format, which needs a library that is not here: text is understood by
    // all.
    return accept != null && accept.contains("application/openmetrics-text")
        ? formats.getOpenMetricsTextFormatWriter()
        : formats.getPrometheusTextFormatWriter();
  }
}
