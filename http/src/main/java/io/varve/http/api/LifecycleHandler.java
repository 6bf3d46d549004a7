package io.varve.http.api;

import io.varve.http.config.ConfigException;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.reload.Reloader;

/**
 * {@code /-/reload} and {@code /-/quit}: closed unless the setting {@code http.lifecycle} opens
 * them. A signal does the same at any time.
 */
public final class LifecycleHandler {
  private final boolean open;

  /** Which is open or closed. */
  public LifecycleHandler(boolean open) {
    this.open = open;
  }

  /** Reads the configuration again; an answer of 500 says why that is impossible. */
  public Handler reload(Reloader reloader) {
    return guarded(
        (request, response) -> {
          Reloader.Status status;
          try {
            status = reloader.reload();
          } catch (ConfigException e) {
            response.text(500, "failed to reload config: " + e.getMessage() + "\n");
            return;
          }
          response.text(
              200,
              status.needRestart().isEmpty()
                  ? ""
                  : "Reloaded. These settings have changed and need a restart: "
                      + String.join(", ", status.needRestart())
                      + "\n");
        });
  }

  /** Tells the server to stop. */
  public Handler quit(Runnable stop) {
    return guarded(
        (request, response) -> {
          response.text(200, "Requesting termination... Goodbye!\n");
          stop.run();
        });
  }

  private Handler guarded(Handler inner) {
    return (Request request, Response response) -> {
      switch (request.method()) {
        case "POST", "PUT" -> {
          if (open) {
            inner.handle(request, response);
          } else {
            response.text(403, "Lifecycle API is not enabled.\n");
          }
        }
        default -> response.text(405, "Only POST or PUT requests allowed\n");
      }
    };
  }
}
