package io.varve.http.cluster;

import io.varve.engine.NotLeadingException;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.Peer;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Has a request answered by the leader: by this node if it leads, else by passing the request on.
 * While there is no leader, or another one is being chosen, requests wait, a few seconds at most.
 *
 * <p>A request that was passed on is never passed on again: who does not lead (any more) sends it
 * back, and the node that the client asked goes on from there.
 */
final class LeaderHandler implements Handler {
  /** How long a request waits for a leader. */
  private static final long SEARCH_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long PAUSE_MILLIS = 25;

  /** For the forwarder: nothing has to be seen. */
  private static final long NO_WAIT = -1;

  /** All changes go by way of the first shard, as long as there is one only. */
  private static final int SHARD = 0;

  private final Handler inner;
  private final RouteKind kind;
  private final Route.Style style;
  private final boolean isRepeatable;
  private final long forwardMillis;
  private final Cluster cluster;

  /**
   * Around a handler that changes something.
   *
   * @param isRepeatable whether a request may be sent again of which it is not known whether it was
   *     taken
   * @param forwardMillis how long the leader may take to answer
   */
  LeaderHandler(
      Handler inner,
      RouteKind kind,
      Route.Style style,
      boolean isRepeatable,
      long forwardMillis,
      Cluster cluster) {
    this.inner = inner;
    this.kind = kind;
    this.style = style;
    this.isRepeatable = isRepeatable;
    this.forwardMillis = forwardMillis;
    this.cluster = cluster;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Here here = cluster.here();
    response.header(Headers.NODE, here.id());
    if (request.header(Headers.HOP) != null) {
      cluster.secret().guard(this::passedOn).handle(request, response);
    } else {
      search(request, response);
    }
  }

  private void passedOn(Request request, Response response) throws IOException {
    Here here = cluster.here();
    ClusterView view = here.isStopping() ? null : here.leading();
    if (view == null) {
      cluster.meter().turnedAway(name());
      Refusals.toNode(response, "node " + here.id() + " does not lead; " + whoLeads());
      return;
    }
    try {
      answer(view, request, response);
    } catch (NotLeadingException e) {
      cluster.meter().turnedAway(name());
      if (isRepeatable) {
        Refusals.toNode(response, "node " + here.id() + " does not lead any more; " + whoLeads());
      } else {
        Refusals.unavailable(
            style,
            response,
            "node "
                + here.id()
                + " leads no more: it is not known whether the request was carried out");
      }
    }
  }

  private String name() {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private String whoLeads() {
    String leader = cluster.watch().leader(SHARD);
    return leader == null ? "no leader is known" : "the leader is thought to be " + leader;
  }

  private void search(Request request, Response response) throws IOException {
    long begin = System.nanoTime();
    long most = SEARCH_NANOS + TimeUnit.MILLISECONDS.toNanos(forwardMillis);
    long searched = 0;
    String why = "";
    while (searched < SEARCH_NANOS && System.nanoTime() - begin < most) {
      long turn = System.nanoTime();
      Attempt attempt = attempt(request, response);
      switch (attempt) {
        case Attempt.Over() -> {
          return;
        }
        case Attempt.Failed(String reason, boolean isKnown) -> {
          if (!isKnown && !isRepeatable) {
            Refusals.unavailable(
                style, response, reason + ": it is not known whether the request was carried out");
            return;
          }
          why = reason.isEmpty() ? why : reason;
          if (!isKnown) {
            turn = System.nanoTime(); // it has waited for a leader, not for there to be one
          }
        }
      }
      pause();
      searched += System.nanoTime() - turn;
    }
    Refusals.unavailable(style, response, noLeader(why));
  }

  /** How one attempt went. */
  private sealed interface Attempt {
    /** The client has its answer. */
    record Over() implements Attempt {}

    /**
     * It has none.
     *
     * @param isKnown true if the request was certainly not carried out
     */
    record Failed(String why, boolean isKnown) implements Attempt {}
  }

  private Attempt attempt(Request request, Response response) throws IOException {
    Here here = cluster.here();
    if (here.isStopping()) {
      Refusals.unavailable(style, response, "node " + here.id() + " is stopping");
      return new Attempt.Over();
    }
    ClusterView view = here.leading();
    if (view != null) {
      try {
        answer(view, request, response);
        return new Attempt.Over();
      } catch (NotLeadingException e) {
        return new Attempt.Failed("node " + here.id() + " leads no more", false);
      }
    }
    Peer leader = leader();
    if (leader == null) {
      return new Attempt.Failed("", true);
    }
    return switch (forward(leader, request, response)) {
      case Forwarder.Result.Answered() -> new Attempt.Over();
      case Forwarder.Result.NotTaken(String reason) -> new Attempt.Failed(reason, true);
      case Forwarder.Result.Lost(String reason) -> new Attempt.Failed(reason, false);
    };
  }

  private @Nullable Peer leader() {
    String leader = cluster.watch().leader(SHARD);
    return leader == null || leader.equals(cluster.here().id()) ? null : cluster.peers().of(leader);
  }

  private Forwarder.Result forward(Peer leader, Request request, Response response)
      throws IOException {
    return cluster
        .forwarder()
        .forward(
            leader,
            kind,
            request,
            response,
            forwardMillis,
            NO_WAIT,
            // Who hangs, and is replaced as leader meanwhile, is not waited for.
            () -> isRepeatable && isReplaced(leader));
  }

  private boolean isReplaced(Peer leader) {
    String now = cluster.watch().leader(SHARD);
    return now != null && !now.equals(leader.id());
  }

  private void answer(ClusterView view, Request request, Response response) throws IOException {
    if (kind != RouteKind.LEAD && cluster.tellsPositions()) {
      response.beforeAnswer(
          status -> {
            String position = status < 300 ? Here.committed(view) : "";
            if (!position.isEmpty()) {
              response.header(Headers.POSITION, position);
            }
          });
    }
    try {
      inner.handle(request, response);
    } catch (NotLeadingException e) {
      response.beforeAnswer(status -> {}); // another node tells its own
      throw e;
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnavailableException("interrupted");
    }
  }

  private String noLeader(String last) {
    String text =
        "no leader of shard "
            + SHARD
            + " takes requests: "
            + cluster.watch().reachable()
            + " of "
            + cluster.peers().count()
            + " replicas are reachable from node "
            + cluster.here().id();
    return last.isEmpty() ? text : text + " (" + last + ")";
  }
}
