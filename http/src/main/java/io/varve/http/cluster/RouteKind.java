package io.varve.http.cluster;

import io.varve.http.net.Route;
import java.util.Set;

/** Who in a cluster answers a request. */
enum RouteKind {
  /** The node that was asked. */
  LOCAL,
  /** Any node that knows enough. */
  READ,
  /** The leader, which alone evaluates rules. */
  LEAD,
  /** The leader; the same request may be sent to it again. */
  WRITE,
  /** The leader; what is not known to have been left is not sent again. */
  CHANGE;

  private static final String ADMIN = "/api/v1/admin/";

  private static final Set<String> READS =
      Set.of(
          "/api/v1/read",
          "/federate",
          "/api/v1/query",
          "/api/v1/query_range",
          "/api/v1/query_exemplars",
          "/api/v1/format_query",
          "/api/v1/parse_query",
          "/api/v1/labels",
          "/api/v1/label/*/values",
          "/api/v1/series",
          "/api/v1/metadata",
          "/api/v1/status/aggregates",
          "/api/v1/status/retention",
          "/api/v1/status/retention/explain",
          "/api/v1/status/retention/plan");

  private static final Set<String> LEADS =
      Set.of("/api/v1/alerts", "/api/v1/alertmanagers", "/api/v1/rules");

  private static final Set<String> WRITES = Set.of("/api/v1/write", "/api/v1/otlp/v1/metrics");

  /** Below {@link #ADMIN}, but about a node, not about what all of them hold. */
  private static final Set<String> OF_NODE =
      Set.of(ADMIN + "queries/*/kill", ADMIN + "tsdb/snapshot");

  private static final Set<String> HERE =
      Set.of(
          "/",
          "/metrics",
          "/version",
          "/graph",
          "/api/v1/targets",
          "/api/v1/scrape_pools",
          "/api/v1/features",
          "/api/v1/notifications",
          "/api/v1/openapi.yaml");

  private static final Set<String> HERE_BELOW =
      Set.of(
          "/-/",
          "/api/v1/cluster/",
          "/api/v1/status/",
          "/api/v1/targets/",
          "/api/v1/scrape_pools/",
          "/api/v1/notifications/");

  /**
   * Of the requests of a route by a method. Every route has to be known here.
   *
   * @throws IllegalStateException if it is not
   */
  static RouteKind of(Route route, String method) {
    String name = route.name();
    if (READS.contains(name) || name.startsWith("/api/v1/search/")) {
      return READ;
    }
    if (LEADS.contains(name)) {
      return LEAD;
    }
    if (WRITES.contains(name)) {
      return WRITE;
    }
    if (OF_NODE.contains(name)) {
      return LOCAL;
    }
    if (name.startsWith(ADMIN)) {
      boolean isRead = method.equals("GET");
      boolean isBackup = name.equals(ADMIN + "backups"); // the leader makes them
      return !isRead ? CHANGE : isBackup ? LEAD : READ;
    }
    if (HERE.contains(name) || HERE_BELOW.stream().anyMatch(name::startsWith)) {
      return LOCAL;
    }
    throw new IllegalStateException("BUG: who answers " + name + " in a cluster?");
  }
}
