package io.varve.http.cluster;

import io.varve.engine.StorageStoppedException;
import io.varve.http.config.ConfigException;
import io.varve.http.net.Route;
import java.nio.charset.StandardCharsets;

/**
 * {@code POST /api/v1/cluster/shared/NAME} of the node that leads, with the text that all nodes are
 * to have in common: 200 when a majority has it, 400 if it is wrong, 503 if it may be taken later
 * or elsewhere.
 */
public final class SharedHandler {
  private static final int MOST_BYTES = 8 << 20;

  private SharedHandler() {}

  /** Takes it. */
  @FunctionalInterface
  public interface Taker {
    /**
     * Returns when a majority has it.
     *
     * @throws ConfigException if it is wrong
     * @throws StorageStoppedException if it is not taken now
     */
    void accept(String name, String text);
  }

  /** The route, for other nodes only. */
  public static Route route(Taker taker, ClusterSecret secret) {
    return Route.text(
            "/api/v1/cluster/shared/*",
            secret.guard(
                (request, response) -> {
                  String text =
                      new String(request.body(), 0, request.bodyLength(), StandardCharsets.UTF_8);
                  try {
                    taker.accept(request.pathParameter(), text);
                    response.text(200, "done\n");
                  } catch (ConfigException | IllegalArgumentException e) {
                    response.text(400, e.getMessage() + "\n");
                  } catch (StorageStoppedException e) {
                    response.text(503, e.getMessage() + "\n");
                  }
                }),
            "POST")
        .withBody(MOST_BYTES);
  }
}
