package io.varve.http.config;

import io.varve.engine.model.Labels;
import io.varve.http.config.ServerConfig.Http;
import io.varve.http.config.ServerConfig.Ingest;
import io.varve.http.config.ServerConfig.Query;
import io.varve.http.config.ServerConfig.RemoteRead;
import io.varve.http.config.ServerConfig.Storage;
import io.varve.ingest.IngestLimits;
import io.varve.query.Feature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a configuration as a file that says the same: every setting with its value, whether it was
 * given or not.
 */
final class ConfigText {
  private final StringBuilder out = new StringBuilder();
  private String indent = "";

  private ConfigText() {}

  static String of(ServerConfig config) {
    ConfigText text = new ConfigText();
    text.quoted("listen", config.listen().toString());
    text.quoted("data_dir", config.dataDir().toString());
    text.choice("log_level", config.log());
    text.storage(config.storage());
    config.retention().write(text);
    text.ingest(config.ingest());
    text.query(config.query());
    text.remoteRead(config.remoteRead());
    config.otlp().write(text);
    config.rules().write(text);
    config.alerting().write(text);
    config.aggregates().write(text);
    config.backup().write(text);
    config.cluster().write(text);
    text.http(config.http());
    text.section("");
    text.quoted("external_labels", labels(config.externalLabels()));
    return text.out.toString();
  }

  /** The values by the full names of their settings; a list as one value. */
  static Map<String, String> values(ServerConfig config) {
    Map<String, String> values = new LinkedHashMap<>();
    gather("", YamlFile.read("settings", of(config)), values);
    return values;
  }

  private static void gather(String path, YamlNode.Mapping mapping, Map<String, String> values) {
    for (Map.Entry<String, YamlNode.Entry> entry : mapping.entries().entrySet()) {
      String name = path + entry.getKey();
      switch (entry.getValue().value()) {
        case YamlNode.Mapping inner -> gather(name + ".", inner, values);
        case YamlNode.Scalar scalar -> values.put(name, scalar.text());
        case YamlNode.Sequence list -> values.put(name, flat(list));
      }
    }
  }

  /** Text that differs where the node does, its place in the file apart. */
  private static String flat(YamlNode node) {
    StringBuilder text = new StringBuilder();
    switch (node) {
      case YamlNode.Scalar scalar -> text.append(escaped(scalar.text()));
      case YamlNode.Sequence list -> {
        text.append('[');
        list.items().forEach(item -> text.append(flat(item)).append(','));
        text.append(']');
      }
      case YamlNode.Mapping mapping -> {
        text.append('{');
        mapping
            .entries()
            .forEach(
                (key, entry) ->
                    text.append(escaped(key)).append(':').append(flat(entry.value())).append(','));
        text.append('}');
      }
    }
    return text.toString();
  }

  private void storage(Storage storage) {
    section("storage");
    choice("fsync", storage.fsync());
    millis("window", storage.windowMillis());
    millis("flush_span", storage.flushSpanMillis());
    line("retention", storage.retention());
    choice("duplicates", storage.duplicates());
    millis("out_of_order_window", storage.outOfOrderMillis());
    millis("undo_window", storage.undoMillis());
    millis("purge_within", storage.purgeMillis());
    number("max_active_series", storage.maxActiveSeries());
    bytes("max_head_bytes", storage.maxHeadBytes());
    bytes("max_late_bytes", storage.maxLateBytes());
    bytes("checkpoint_log_bytes", storage.checkpointLogBytes());
    bytes("chunk_file_bytes", storage.chunkFileBytes());
    choice("registry", storage.registry());
  }

  private void ingest(Ingest ingest) {
    IngestLimits limits = ingest.limits();
    section("ingest");
    number("max_concurrent", ingest.maxConcurrent());
    bytes("max_body_bytes", limits.compressedBytes());
    bytes("max_decoded_bytes", limits.decodedBytes());
    number("max_entries_per_request", limits.entriesPerRequest());
    bytes("max_in_flight_bytes", limits.inFlightBytes());
    millis("max_future", limits.future().toMillis());
    bytes("alias_bytes", limits.aliasBytes());
    number("predicted_series", limits.predictedSeries());
    number("max_labels", limits.labels().labels());
    number("max_label_name_bytes", limits.labels().nameBytes());
    number("max_label_value_bytes", limits.labels().valueBytes());
    number("max_label_set_bytes", limits.labels().setBytes());
    number("max_exemplar_characters", limits.labels().exemplarCharacters());
  }

  private void query(Query query) {
    section("query");
    number("max_concurrent", query.maxConcurrent());
    number("threads", query.threads());
    number("max_samples", query.limits().maxSamples());
    bytes("max_bytes", query.limits().maxBytes());
    number("max_series", query.limits().maxSeries());
    millis("timeout", query.limits().timeoutMillis());
    millis("lookback", query.lookbackMillis());
    millis("subquery_step", query.subqueryStepMillis());
    number("max_points", query.maxPoints());
    line("stored_aggregates", String.valueOf(query.storedAggregates()));
    bytes("result_cache", query.cacheBytes());
    bytes("selection_cache", query.selectionCacheBytes());
    line("features", "");
    indent = "    ";
    for (Feature feature : Feature.values()) {
      line(feature.flag(), String.valueOf(query.features().contains(feature)));
    }
  }

  private void remoteRead(RemoteRead remoteRead) {
    section("remote_read");
    number("max_concurrent", remoteRead.maxConcurrent());
    number("max_samples", remoteRead.maxSamples());
    bytes("frame_bytes", remoteRead.frameBytes());
  }

  private void http(Http http) {
    section("http");
    millis("queue_timeout", http.queueMillis());
    bytes("max_form_bytes", http.maxFormBytes());
    bytes("max_bodies_bytes", http.maxBodiesBytes());
    millis("idle_timeout", http.idleMillis());
    millis("write_timeout", http.writeMillis());
    millis("drain_timeout", http.drainMillis());
    line("admin_api", String.valueOf(http.adminApi()));
    flag("lifecycle", http.lifecycle());
    quoted("cors_origin", http.corsOrigin());
    number("search_max_limit", http.searchMaxLimit());
    line("external_url", http.externalUrl().isEmpty() ? "none" : escaped(http.externalUrl()));
    quoted("route_prefix", http.routePrefix().isEmpty() ? "/" : http.routePrefix());
  }

  /** As {@link ServerConfig} reads it. */
  private static String labels(Labels labels) {
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < labels.size(); i++) {
      text.append(i == 0 ? "" : ", ")
          .append(escaped(labels.name(i)))
          .append('=')
          .append(escaped(labels.value(i)));
    }
    return text.append('}').toString();
  }

  void section(String name) {
    indent = "";
    if (!name.isEmpty()) {
      out.append(name).append(":\n");
      indent = "  ";
    }
  }

  /** What follows stands one level deeper, until the next section. */
  void deeper() {
    indent += "  ";
  }

  private void choice(String key, Enum<?> value) {
    line(key, value.name().toLowerCase(Locale.ROOT));
  }

  void millis(String key, long millis) {
    line(key, Durations.print(millis));
  }

  void bytes(String key, long bytes) {
    line(key, Sizes.print(bytes));
  }

  void number(String key, long number) {
    line(key, Long.toString(number));
  }

  void flag(String key, boolean value) {
    line(key, String.valueOf(value));
  }

  void texts(String key, List<String> texts) {
    StringBuilder list = new StringBuilder("[");
    for (String text : texts) {
      list.append(list.length() == 1 ? "" : ", ").append(escaped(text));
    }
    line(key, list.append(']').toString());
  }

  /** A list of mappings, each given by its lines. */
  void items(String key, List<List<String>> items) {
    line(key, items.isEmpty() ? "[]" : "");
    for (List<String> item : items) {
      for (int i = 0; i < item.size(); i++) {
        out.append(indent).append(i == 0 ? "  - " : "    ").append(item.get(i)).append('\n');
      }
    }
  }

  /** Text of any kind, in the double quotes that YAML and JSON share. */
  void quoted(String key, String text) {
    line(key, escaped(text));
  }

  static String escaped(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < 0x20) {
        quoted.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  void line(String key, String value) {
    out.append(indent).append(key).append(value.isEmpty() ? ":" : ": ").append(value).append('\n');
  }
}
