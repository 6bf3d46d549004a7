package io.varve.http.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.varve.http.config.ClusterConfig;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.Peer;
import java.io.IOException;
import java.util.Locale;

/** What the cluster itself is asked: how it stands, and who is to lead. */
final class ClusterHandlers {
  private final Cluster cluster;
  private final boolean admin;

  ClusterHandlers(Cluster cluster, boolean admin) {
    this.cluster = cluster;
    this.admin = admin;
  }

  /**
   * {@code /api/v1/cluster/status}: every node as it was last heard of; with {@code scope=node}
   * this one alone.
   */
  Handler status() {
    return (request, response) -> {
      String scope;
      try {
        scope = request.params().get("scope");
      } catch (IllegalArgumentException e) {
        Refusals.bad(Route.Style.API, response, String.valueOf(e.getMessage()));
        return;
      }
      switch (scope) {
        case "node" -> answer(response, own());
        case "", "cluster" -> answer(response, all());
        default ->
            Refusals.bad(
                Route.Style.API,
                response,
                "invalid parameter \"scope\": \"" + scope + "\" is neither cluster nor node");
      }
    };
  }

  private ObjectNode own() {
    Here here = cluster.here();
    ObjectNode report =
        NodeReport.write(
            here.id(),
            cluster.version(),
            here.availability().get(),
            here.view().get(),
            cluster.stats(),
            cluster.kept());
    report.put("ready", cluster.isReady());
    return report;
  }

  private ObjectNode all() {
    ObjectNode to = NodeReport.JSON.createObjectNode();
    to.put("name", cluster.config().name());
    to.put("replication", cluster.config().replication().name().toLowerCase(Locale.ROOT));
    to.put("self", cluster.here().id());
    to.put("reachable", cluster.watch().reachable());
    to.put("maxLagMillis", cluster.config().reads().maxLagMillis());
    ArrayNode nodes = to.putArray("nodes");
    for (Peer peer : cluster.peers().all()) {
      ObjectNode node = nodes.addObject();
      node.put("id", peer.id()).put("http", peer.http()).put("raft", peer.raft());
      PeerWatch.Known known = cluster.watch().of(peer.id());
      if (known == null && !peer.id().equals(cluster.here().id())) {
        known = new PeerWatch.Known(peer, null, System.nanoTime(), "was not asked yet");
      }
      if (known == null) {
        node.put("reachable", true).put("contactMillis", 0).put("problem", "");
        node.set("report", own());
      } else {
        JsonNode report = known.report();
        node.put("reachable", known.isReachable());
        node.put("contactMillis", known.contactMillis()).put("problem", known.problem());
        node.set("report", report == null ? NodeReport.JSON.nullNode() : report);
      }
    }
    return to;
  }

  private static void answer(Response response, JsonNode data) throws IOException {
    ObjectNode envelope = NodeReport.JSON.createObjectNode().put("status", "success");
    envelope.set("data", data);
    byte[] bytes = NodeReport.JSON.writeValueAsBytes(envelope);
    response.body(200, "application/json", out -> out.write(bytes));
  }

  /** {@code POST /api/v1/admin/cluster/nodes}: node {@code id} may join, at two addresses. */
  Handler add() {
    return changing(
        (view, request) -> {
          Peer node =
              ClusterConfig.node(
                  request.params().get("id"),
                  request.params().get("http"),
                  request.params().get("raft"));
          Peers peers = cluster.peers();
          boolean isKnown = node.equals(peers.self()) || node.equals(peers.of(node.id()));
          view.addNode(node);
          return NodeReport.JSON.createObjectNode().put("added", node.id()).put("known", isKnown);
        });
  }

  /** {@code DELETE /api/v1/admin/cluster/nodes/ID}: the node is none of the cluster any more. */
  Handler remove() {
    return changing(
        (view, request) -> {
          view.removeNode(request.pathParameter());
          return NodeReport.JSON.createObjectNode().put("removed", request.pathParameter());
        });
  }

  /** Changes which nodes there are. */
  private interface Change {
    ObjectNode of(ClusterView view, Request request) throws IOException;
  }

  private Handler changing(Change change) {
    return (request, response) -> {
      ClusterView view = cluster.here().view().get();
      if (!admin) {
        Refusals.error(Route.Style.API, response, 500, "unavailable", "admin APIs disabled");
      } else if (view == null) {
        Refusals.unavailable(Route.Style.API, response, "this node has not joined its cluster yet");
      } else {
        try {
          answer(response, change.of(view, request));
        } catch (IllegalArgumentException e) {
          Refusals.bad(Route.Style.API, response, String.valueOf(e.getMessage()));
        } catch (IOException e) {
          Refusals.unavailable(Route.Style.API, response, String.valueOf(e.getMessage()));
        }
      }
    };
  }

  /** {@code /api/v1/admin/cluster/transfer}: has node {@code to} lead, shard 0 if none is named. */
  Handler transfer() {
    return (request, response) -> {
      if (!admin) {
        Refusals.error(Route.Style.API, response, 500, "unavailable", "admin APIs disabled");
        return;
      }
      transfer(request, response);
    };
  }

  private void transfer(Request request, Response response) throws IOException {
    ClusterView view = cluster.here().view().get();
    if (view == null) {
      Refusals.unavailable(Route.Style.API, response, "this node has not joined its cluster yet");
      return;
    }
    try {
      String number = request.params().get("shard");
      String to = request.params().get("to");
      if (cluster.peers().of(to) == null) {
        throw new IllegalArgumentException("invalid parameter \"to\": no node \"" + to + '"');
      }
      int shard = number.isEmpty() ? 0 : Integer.parseInt(number);
      view.transfer(shard, to);
      ObjectNode done = NodeReport.JSON.createObjectNode();
      answer(response, done.put("shard", shard).put("leader", to));
    } catch (IllegalArgumentException e) {
      Refusals.bad(Route.Style.API, response, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      Refusals.unavailable(Route.Style.API, response, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      Refusals.unavailable(Route.Style.API, response, "interrupted");
    }
  }

  /** {@code /-/leading}: 200 at the node that leads, for proxies that send writes there. */
  Handler leading() {
    return (request, response) -> {
      if (cluster.isLeading()) {
        response.text(200, "node " + cluster.here().id() + " leads.\n");
      } else {
        response.text(503, "node " + cluster.here().id() + " does not lead.\n");
      }
    };
  }
}
