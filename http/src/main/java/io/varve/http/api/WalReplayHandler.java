package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code /api/v1/status/walreplay}: how far the log has been replayed. Replay is bounded and takes
 * less than the time between two questions, so there are two answers: not yet (current is 0), and
 * done (current is the log's position).
 */
public final class WalReplayHandler implements Handler {
  private final Supplier<@Nullable Store> store;

  /**
   * Asks a store.
   *
   * @param store null as long as it is being recovered
   */
  public WalReplayHandler(Supplier<@Nullable Store> store) {
    this.store = store;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Store now = store.get();
    long position = now == null ? 0 : now.stats().get().logPosition();
    Answers.success(
        response,
        json ->
            json.beginObject()
                .key("min")
                .number(0)
                .key("max")
                .number(position)
                .key("current")
                .number(position)
                .endObject());
  }
}
