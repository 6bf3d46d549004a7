package io.varve.http.api;

import io.varve.engine.NotLeadingException;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The endpoints that change what is stored, {@code /api/v1/admin/tsdb/…}: closed unless the setting
 * {@code http.admin_api} opens them.
 */
public final class AdminHandlers {
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final Set<String> FLAGS = Set.of("", "1", "t", "true", "0", "f", "false");

  private final Supplier<Store> store;
  private final boolean open;
  private final InstantSource clock;

  /** Works on a store that is there by the time of the first request. */
  public AdminHandlers(Supplier<Store> store, boolean open, InstantSource clock) {
    this.store = store;
    this.open = open;
    this.clock = clock;
  }

  /**
   * {@code delete_series}: hides samples at once; they leave the disk with later merges. With
   * {@code dry_run=true}, which Prometheus does not have, it only tells what that would be.
   */
  public Handler deleteSeries() {
    return guarded(
        (request, response) -> {
          Arguments arguments = new Arguments(request);
          if (arguments.flag("dry_run")) {
            DeletesHandlers.delete(arguments, response, store.get().upkeep());
            return;
          }
          List<List<Matcher>> sets = DeletesHandlers.selectors(arguments);
          TimeRange range = arguments.range();
          String tenant = arguments.tenant();
          if (!range.isEmpty()) {
            for (List<Matcher> matchers : sets) {
              store.get().upkeep().delete(tenant, matchers, range);
            }
          }
          response.empty(204);
        });
  }

  /** {@code clean_tombstones}: rewrites the files that hold deleted samples, and waits for it. */
  public Handler cleanTombstones() {
    return guarded(
        (request, response) -> {
          store.get().upkeep().cleanTombstones();
          response.empty(204);
        });
  }

  /**
   * {@code merge}, which Prometheus does not have: writes open samples to files and brings every
   * window into its final form, which would happen by itself later; waits for it.
   */
  public Handler merge() {
    return guarded(
        (request, response) -> {
          store.get().upkeep().merge();
          response.empty(204);
        });
  }

  /**
   * {@code snapshot}: a copy of everything, as a data folder below {@code snapshots} in the data
   * folder. It has the open samples too, whatever {@code skip_head} says: they are in the log,
   * which the copy needs anyway.
   */
  public Handler snapshot() {
    return guarded(
        (request, response) -> {
          String skip = new Arguments(request).text("skip_head").toLowerCase(Locale.ROOT);
          if (!FLAGS.contains(skip)) {
            throw ApiException.badParameter(
                "skip_head", "unable to parse boolean: \"" + skip + '"');
          }
          Instant now = clock.instant();
          String name =
              NAME.format(now) + "-" + HexFormat.of().toHexDigits(new SecureRandom().nextLong());
          try {
            store.get().upkeep().backUp(name);
          } catch (IOException e) {
            throw new ApiException(
                ErrorType.INTERNAL, "create snapshot: " + String.valueOf(e.getMessage()));
          }
          Answers.success(
              response, json -> json.beginObject().key("name").string(name).endObject());
        });
  }

  private Handler guarded(Handler inner) {
    return (Request request, Response response) -> {
      if (!open) {
        throw new ApiException(ErrorType.UNAVAILABLE, "admin APIs disabled");
      }
      try {
        inner.handle(request, response);
      } catch (NotLeadingException e) {
        throw e; // another node takes the request
      } catch (StorageStoppedException e) {
        throw new ApiException(ErrorType.INTERNAL, String.valueOf(e.getMessage()));
      }
    };
  }
}
