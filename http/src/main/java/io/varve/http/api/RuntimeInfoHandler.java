package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.reload.Reloader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.function.Supplier;

/** {@code /api/v1/status/runtimeinfo}: since when the process runs, and on what. */
public final class RuntimeInfoHandler implements Handler {
  private final Instant start;
  private final InstantSource clock;
  private final Supplier<Store> store;
  private final Supplier<Reloader.Status> reloads;
  private final String hostname = hostname();

  /** With what does not change. */
  public RuntimeInfoHandler(
      Instant start,
      InstantSource clock,
      Supplier<Store> store,
      Supplier<Reloader.Status> reloads) {
    this.start = start.truncatedTo(ChronoUnit.MILLIS);
    this.clock = clock;
    this.store = store;
    this.reloads = reloads;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    int damage = store.get().stats().get().damage().size();
    Runtime runtime = Runtime.getRuntime();
    Reloader.Status config = reloads.get();
    Answers.success(
        response,
        json ->
            json.beginObject()
                .key("startTime")
                .string(start.toString())
                .key("CWD")
                .string(System.getProperty("user.dir", ""))
                .key("hostname")
                .string(hostname)
                .key("serverTime")
                .string(clock.instant().truncatedTo(ChronoUnit.MILLIS).toString())
                .key("reloadConfigSuccess")
                .flag(config.isSuccessful())
                .key("lastConfigTime")
                .string(config.since().truncatedTo(ChronoUnit.MILLIS).toString())
                .key("corruptionCount")
                .number(damage)
                .key("goroutineCount")
                .number(Thread.activeCount())
                .key("GOMAXPROCS")
                .number(runtime.availableProcessors())
                .key("GOMEMLIMIT")
                .number(runtime.maxMemory())
                .key("GOGC")
                .string("")
                .key("GODEBUG")
                .string("")
                .key("storageRetention")
                .string(config.config().storage().retention())
                .endObject());
  }

  /** The name of this machine; "" if nobody says. No name service is asked. */
  public static String hostname() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      return System.getenv().getOrDefault("HOSTNAME", "");
    }
  }
}
