package io.varve.http.notify;

import io.varve.engine.model.Labels;
import io.varve.http.config.AlertmanagersConfig;
import io.varve.http.config.AlertmanagersConfig.Targets;
import io.varve.http.relabel.Relabeling;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where alerts are sent to by an entry of the configuration.
 *
 * @param urls of the API that takes them, each once
 * @param dropped those that the relabelling drops, as they were before it
 */
record Found(List<String> urls, List<String> dropped) {
  private static final System.Logger LOG = System.getLogger(Found.class.getName());
  private static final String ADDRESS = "__address__";
  private static final String SCHEME = "__scheme__";
  private static final String PATH = "__alerts_path__";

  /**
   * Of all targets of an entry.
   *
   * @param more targets, besides those that the configuration names itself
   */
  static Found of(AlertmanagersConfig config, List<Targets> more) {
    Set<String> urls = new LinkedHashSet<>();
    Set<String> dropped = new LinkedHashSet<>();
    Relabeling relabeling = new Relabeling(config.relabel());
    for (List<Targets> some : List.of(config.targets(), more)) {
      for (Targets targets : some) {
        for (String address : targets.addresses()) {
          Labels before = labels(config, address, targets.labels());
          Labels after = relabeling.apply(before);
          if (after == null) {
            dropped.add(url(before));
          } else {
            try {
              AlertmanagersConfig.checkAddress(after.get(ADDRESS));
              urls.add(url(after));
            } catch (IllegalArgumentException e) {
              LOG.log(System.Logger.Level.WARNING, "alertmanager: " + e.getMessage());
            }
          }
        }
      }
    }
    return new Found(List.copyOf(urls), List.copyOf(dropped));
  }

  private static Labels labels(
      AlertmanagersConfig config, String address, Map<String, String> own) {
    Map<String, String> labels = new TreeMap<>();
    labels.put(SCHEME, config.scheme());
    labels.put(PATH, config.pathPrefix().replaceFirst("/$", "") + "/api/v2/alerts");
    labels.putAll(own);
    labels.put(ADDRESS, address);
    Labels.Builder all = new Labels.Builder();
    labels.forEach(all::set);
    return all.build();
  }

  private static String url(Labels labels) {
    String path = labels.get(PATH);
    return labels.get(SCHEME)
        + "://"
        + labels.get(ADDRESS)
        + (path.startsWith("/") || path.isEmpty() ? path : "/" + path);
  }
}
