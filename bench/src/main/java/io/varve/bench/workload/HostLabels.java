package io.varve.bench.workload;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.List;

/** The labels that a replay gives to recorded series: sorted, with those that tell the host. */
final class HostLabels {
  /** In place of the value of {@code instance}. */
  static final String INSTANCE = "\0instance";

  /** In place of the value of {@code zone}. */
  static final String ZONE = "\0zone";

  private static final int ZONES = 4;

  private HostLabels() {}

  /** Names and values in order of the names, with {@link #INSTANCE} and {@link #ZONE} as values. */
  static List<String[]> of(Capture.Series series) {
    List<String[]> labels = new ArrayList<>();
    labels.add(new String[] {Labels.METRIC_NAME, series.metric()});
    labels.add(new String[] {"job", "node"});
    labels.add(new String[] {"instance", INSTANCE});
    labels.add(new String[] {"zone", ZONE});
    for (int i = 0; i < series.labels().size(); i += 2) {
      labels.add(new String[] {series.labels().get(i), series.labels().get(i + 1)});
    }
    labels.sort((a, b) -> Labels.compareUtf8(a[0], b[0]));
    return labels;
  }

  static String instance(int host) {
    return "host-%05d.example:9100".formatted(host);
  }

  static String zone(int host) {
    return "zone-" + (char) ('a' + host % ZONES);
  }
}
