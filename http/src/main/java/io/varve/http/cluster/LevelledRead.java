package io.varve.http.cluster;

import io.varve.http.config.ClusterConfig;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.Peer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Has a read answered by a node that knows what it has to see: by this one if it does, else the
 * whole request is passed on. What each level promises stands in docs/CLUSTER.md.
 */
final class LevelledRead implements Handler {
  /** How long a read waits here for what the leader certainly has. */
  private static final long HERE_MILLIS = 1_000;

  /**
   * Whose turn it is.
   *
   * @param isPassedOn true at the second node, which does not pass it on again
   * @param end up to when it may wait for what it has to see, by {@link System#nanoTime}
   */
  private record Turn(boolean isPassedOn, long end) {
    /** Milliseconds that are left for waiting. */
    long left() {
      return Math.max(0, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
    }
  }

  private final Handler inner;
  private final Route.Style style;
  private final long forwardMillis;
  private final Cluster cluster;
  private final ClusterConfig.Reads settings;

  /**
   * Around a handler that reads.
   *
   * @param forwardMillis how long another node may take to answer
   */
  LevelledRead(Handler inner, Route.Style style, long forwardMillis, Cluster cluster) {
    this.inner = inner;
    this.style = style;
    this.forwardMillis = forwardMillis;
    this.cluster = cluster;
    this.settings = cluster.config().reads();
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Here here = cluster.here();
    response.header(Headers.NODE, here.id());
    if (request.header(Headers.HOP) != null) {
      cluster
          .secret()
          .guard((q, r) -> handle(q, r, turn(true, request.header(Headers.WAIT))))
          .handle(request, response);
    } else {
      handle(request, response, turn(false, null));
    }
  }

  /** All nodes that a read comes to wait together for no longer than one may. */
  private Turn turn(boolean isPassedOn, @Nullable String left) {
    long millis = settings.maxWaitMillis();
    if (left != null && left.matches("[0-9]{1,9}")) {
      millis = Math.min(millis, Long.parseLong(left));
    }
    return new Turn(isPassedOn, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private void handle(Request request, Response response, Turn turn) throws IOException {
    Here here = cluster.here();
    Demand demand;
    try {
      demand = Demand.of(request, settings.level(), here.shards());
    } catch (IllegalArgumentException e) {
      Refusals.bad(style, response, String.valueOf(e.getMessage()));
      return;
    }
    String level = name(demand);
    if (here.isStopping()) {
      refuse(turn.isPassedOn(), level, response, "node " + here.id() + " is stopping");
      return;
    }
    String problem = answerHere(demand, turn, request, response);
    if (problem == null) {
      cluster.meter().read(level, ClusterMeter.Source.LOCAL);
      return;
    }
    if (!turn.isPassedOn()) {
      String others = passOn(demand, turn, request, response);
      if (others == null) {
        cluster.meter().read(level, ClusterMeter.Source.FORWARDED);
        return;
      }
      problem = others.isEmpty() ? problem : problem + "; " + others;
      ClusterView view = here.readable();
      if (view != null
          && demand instanceof Demand.Bounded
          && settings.stale() == ClusterConfig.Stale.ANSWER) {
        response.warn("data may be missing: " + problem);
        response.header(Headers.COMPLETE, "false");
        serve(view, request, response);
        cluster.meter().read(level, ClusterMeter.Source.STALE);
        return;
      }
    }
    refuse(turn.isPassedOn(), level, response, problem);
  }

  private static String name(Demand demand) {
    return switch (demand) {
      case Demand.Bounded() -> "bounded";
      case Demand.Fenced(LogPosition[] positions) -> "fenced";
      case Demand.Strong() -> "strong";
    };
  }

  private void refuse(boolean isPassedOn, String level, Response response, String problem)
      throws IOException {
    cluster.meter().read(level, ClusterMeter.Source.REFUSED);
    response.header(Headers.COMPLETE, "false");
    if (isPassedOn) {
      Refusals.toNode(response, problem);
    } else {
      Refusals.unavailable(style, response, problem);
    }
  }

  /** Answers if this node knows enough: null then, else why not. */
  private @Nullable String answerHere(Demand demand, Turn turn, Request request, Response response)
      throws IOException {
    Here here = cluster.here();
    ClusterView view = here.readable();
    if (view == null) {
      return "the store of node " + here.id() + " is not open";
    }
    String problem =
        switch (demand) {
          case Demand.Bounded() -> tooFarBehind(view, turn);
          case Demand.Fenced(LogPosition[] positions) ->
              behind(view, positions, patience(turn, Math.min(HERE_MILLIS, half())));
          case Demand.Strong() -> behindAll(view, turn);
        };
    if (problem != null) {
      return problem;
    }
    List<Long> since = Here.readableSince(view);
    if (Here.isDamaged(view)) {
      return damaged();
    }
    // Runs after the snapshot was read, and before the client sees anything of it.
    response.beforeAnswer(
        status -> {
          if (status >= 300) {
            return;
          }
          if (Here.isDamaged(view)) {
            throw new UnavailableException(damaged()); // this read may have met it first
          }
          if (!Here.readableSince(view).equals(since)) {
            // It may have met damage that is put right by now, or left behind with a whole store.
            throw new UnavailableException(
                "files of node " + here.id() + " were replaced under the read");
          }
          if (demand instanceof Demand.Strong) {
            awaitCommitted(view);
          }
        });
    response.header(Headers.COMPLETE, "true");
    try {
      serve(view, request, response);
      return null;
    } catch (UnavailableException e) {
      response.restart();
      return e.getMessage();
    } catch (RuntimeException e) {
      if (here.readable() == null && response.restart()) {
        return "the store of node " + here.id() + " was closed"; // under the read
      }
      throw e;
    }
  }

  private void serve(ClusterView view, Request request, Response response) throws IOException {
    String position = Here.visible(view); // before the snapshot, which sees more
    if (!position.isEmpty()) {
      response.header(Headers.POSITION, position);
    }
    inner.handle(request, response);
  }

  private String damaged() {
    return "files of node " + cluster.here().id() + " are damaged, and not put right yet";
  }

  private @Nullable String tooFarBehind(ClusterView view, Turn turn) {
    long lag = Here.lagMillis(view);
    if (lag <= settings.maxLagMillis()) {
      return null;
    }
    // Who leads has everything; it only has to be confirmed more often than its lag is told.
    return cluster.isLeading() && behindAll(view, turn) == null ? null : lagging(lag);
  }

  private String lagging(long lagMillis) {
    return "node "
        + cluster.here().id()
        + " is "
        + Here.inWords(lagMillis)
        + " behind (cluster.reads.max_lag)";
  }

  /** Whoever is certain that another node has it waits less for it here. */
  private long patience(Turn turn, long here) {
    return turn.isPassedOn() || leader() == null ? turn.left() : Math.min(turn.left(), here);
  }

  private long half() {
    return settings.maxWaitMillis() / 2;
  }

  private @Nullable String behind(ClusterView view, LogPosition[] positions, long millis) {
    try {
      await(positions.length, millis, shard -> view.applied(shard, positions[shard]));
      return null;
    } catch (UnavailableException e) {
      LogPosition[] applied = new LogPosition[positions.length];
      for (int shard = 0; shard < applied.length; shard++) {
        applied[shard] = view.applied(shard);
      }
      return "node "
          + cluster.here().id()
          + " knows what was written up to "
          + PositionToken.print(applied)
          + ", and the read asks for "
          + PositionToken.print(positions)
          + ": it is "
          + Here.inWords(Here.lagMillis(view))
          + " behind ("
          + e.getMessage()
          + ")";
    }
  }

  private @Nullable String behindAll(ClusterView view, Turn turn) {
    List<LogPosition> positions;
    try {
      positions = await(view.shardCount(), patience(turn, half()), view::readPosition);
    } catch (UnavailableException e) {
      return "no majority tells node "
          + cluster.here().id()
          + " what was acknowledged: "
          + e.getMessage();
    }
    return behind(view, positions.toArray(LogPosition[]::new), patience(turn, half()));
  }

  private void awaitCommitted(ClusterView view) {
    await(view.shardCount(), settings.maxWaitMillis(), view::visibleIsCommitted);
  }

  /**
   * Waits for something of every shard.
   *
   * @throws UnavailableException if it does not come in time, or at all
   */
  private static <T> List<T> await(
      int shards, long millis, Function<Integer, CompletableFuture<T>> ask) {
    List<CompletableFuture<T>> all = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      all.add(ask.apply(shard));
    }
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    List<T> results = new ArrayList<>();
    try {
      for (CompletableFuture<T> one : all) {
        results.add(one.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS));
      }
      return results;
    } catch (TimeoutException e) {
      throw new UnavailableException("not within " + millis + " ms");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new UnavailableException(
          cause.getMessage() == null ? cause.toString() : cause.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnavailableException("interrupted");
    } finally {
      all.forEach(one -> one.cancel(false));
    }
  }

  /** The leader of the first shard if that is another node, else null. */
  private @Nullable Peer leader() {
    String leader = cluster.watch().leader(0);
    return leader == null || leader.equals(cluster.here().id()) ? null : cluster.peers().of(leader);
  }

  /** Has another node answer: null then, else why none does. */
  private @Nullable String passOn(Demand demand, Turn turn, Request request, Response response)
      throws IOException {
    StringBuilder why = new StringBuilder();
    for (Peer peer : candidates(demand)) {
      Forwarder.Result result =
          cluster
              .forwarder()
              .forward(
                  peer,
                  RouteKind.READ,
                  request,
                  response,
                  forwardMillis,
                  turn.left(),
                  () -> isGone(peer));
      switch (result) {
        case Forwarder.Result.Answered() -> {
          return null;
        }
        case Forwarder.Result.NotTaken(String reason) -> add(why, reason);
        case Forwarder.Result.Lost(String reason) -> add(why, reason);
      }
    }
    return why.toString();
  }

  private static void add(StringBuilder why, String reason) {
    why.append(why.isEmpty() ? "" : "; ").append(reason);
  }

  private boolean isGone(Peer peer) {
    PeerWatch.Known known = cluster.watch().of(peer.id());
    return known != null && known.report() != null && !known.isReachable();
  }

  /** Who may know enough, the leader first. */
  private List<Peer> candidates(Demand demand) {
    List<Peer> candidates = new ArrayList<>();
    Peer leader = leader();
    if (leader != null && !isGone(leader)) {
      candidates.add(leader);
    }
    for (PeerWatch.Known one : cluster.watch().readers()) {
      boolean isNear =
          switch (demand) {
            case Demand.Bounded() -> one.lagMillis() <= settings.maxLagMillis();
            case Demand.Fenced(LogPosition[] positions) -> true;
            case Demand.Strong() -> true;
          };
      if (isNear && !candidates.contains(one.peer())) {
        candidates.add(one.peer());
      }
    }
    return candidates;
  }
}
