package io.varve.http.config;

import io.varve.http.relabel.RelabelStep;
import java.nio.file.Path;
import java.util.List;

/**
 * Who is told of alerts, and how.
 *
 * @param alertmanagers who is told of every alert
 * @param relabel what becomes of alerts, which may be dropped, once they have the external labels
 * @param tenantLabel by which alerts say of which tenant they are, unless it is the default one; ""
 *     if they do not
 * @param dropLabels labels that alerts lose after that: those in which replicas differ
 * @param queueCapacity alerts that wait for one Alertmanager; beyond it the oldest are given up
 */
public record AlertingConfig(
    List<AlertmanagersConfig> alertmanagers,
    List<RelabelStep> relabel,
    String tenantLabel,
    List<String> dropLabels,
    int queueCapacity) {
  private static final String ALERTMANAGERS = "alertmanagers";
  private static final String RELABEL = "alert_relabel_configs";
  private static final String TENANT_LABEL = "tenant_label";
  private static final String NONE = "none";

  /**
   * Alertmanagers at URLs, without anything else.
   *
   * @throws IllegalArgumentException if one is no URL of an Alertmanager
   */
  public static AlertingConfig of(List<String> urls, List<String> dropLabels, int queueCapacity) {
    return new AlertingConfig(
        urls.stream().map(AlertmanagersConfig::of).toList(),
        List.of(),
        "",
        dropLabels,
        queueCapacity);
  }

  static AlertingConfig read(Settings in) {
    AlertingConfig config =
        new AlertingConfig(
            in.entries(ALERTMANAGERS, AlertmanagersConfig::read, AlertmanagersConfig::of),
            RelabelConfig.read(in, RELABEL),
            in.value(TENANT_LABEL, "", AlertingConfig::optional),
            in.texts("drop_labels", labels -> {}),
            in.integer("queue_capacity", 10_000, 1, 10_000_000));
    in.done();
    return config;
  }

  /** The same with relative paths seen from a folder. */
  AlertingConfig from(Path folder) {
    return new AlertingConfig(
        alertmanagers.stream().map(one -> one.from(folder)).toList(),
        relabel,
        tenantLabel,
        dropLabels,
        queueCapacity);
  }

  private static String optional(String text) {
    return text.equals(NONE) ? "" : text;
  }

  void write(ConfigText text) {
    text.section("alerting");
    text.line(
        ALERTMANAGERS,
        FlowText.list(alertmanagers.stream().map(AlertmanagersConfig::text).toList()));
    text.line(RELABEL, RelabelConfig.text(relabel));
    text.quoted(TENANT_LABEL, tenantLabel.isEmpty() ? NONE : tenantLabel);
    text.texts("drop_labels", dropLabels);
    text.number("queue_capacity", queueCapacity);
  }
}
