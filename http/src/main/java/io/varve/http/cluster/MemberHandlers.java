package io.varve.http.cluster;

import io.varve.http.net.Handler;
import io.varve.http.net.Route;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a node that has no log asks the others: {@code GET …/founded} (true if the one that is asked
 * was part of the cluster when it ran), {@code GET …/begin} (up to which record the store goes that
 * it brings into a new cluster), {@code GET …/leader} (its id; empty if none is known), {@code GET
 * …/nodes} (as {@link io.varve.ingest.cluster.PeerBook} writes them), and {@code POST
 * …/members/ID/leave} and {@code …/join} of the leader.
 */
public final class MemberHandlers {
  private static final String ROOT = "/api/v1/cluster/";

  private MemberHandlers() {}

  /** Changes who votes. */
  @FunctionalInterface
  public interface Change {
    /**
     * Takes a node in, or out.
     *
     * @throws IOException if that does not come about, in words
     */
    void of(String id) throws IOException;
  }

  /** The routes, which answer before there is a store. */
  public static List<Route> routes(
      BooleanSupplier founded,
      LongSupplier begin,
      Supplier<@Nullable String> leader,
      Supplier<String> nodes,
      Change leave,
      Change join,
      ClusterSecret secret) {
    return List.of(
        Route.text(
                ROOT + "founded",
                secret.guard(
                    (request, response) -> response.text(200, founded.getAsBoolean() + "\n")),
                "GET")
            .withNeedsStore(false),
        Route.text(
                ROOT + "begin",
                secret.guard((request, response) -> response.text(200, begin.getAsLong() + "\n")),
                "GET")
            .withNeedsStore(false),
        Route.text(
                ROOT + "leader",
                secret.guard(
                    (request, response) -> {
                      String id = leader.get();
                      response.text(200, (id == null ? "" : id) + "\n");
                    }),
                "GET")
            .withNeedsStore(false),
        Route.text(
                ROOT + "nodes",
                secret.guard((request, response) -> response.text(200, nodes.get())),
                "GET")
            .withNeedsStore(false),
        Route.text(ROOT + "members/*/leave", secret.guard(changing(leave)), "POST"),
        Route.text(ROOT + "members/*/join", secret.guard(changing(join)), "POST"));
  }

  private static Handler changing(Change change) {
    return (request, response) -> {
      try {
        change.of(request.pathParameter());
      } catch (IOException e) {
        response.text(503, e.getMessage() + "\n");
        return;
      }
      response.text(200, "done\n");
    };
  }
}
