package io.varve.http.api;

import io.varve.engine.DeleteInfo;
import io.varve.engine.LateBacklogException;
import io.varve.engine.LimitExceededException;
import io.varve.engine.NotLeadingException;
import io.varve.engine.StaleGenerationException;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.UndeleteException;
import io.varve.engine.WriteResult;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.ingest.IngestLimits;
import io.varve.query.promql.ParseException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of deletes and corrections, {@code /api/v1/admin/deletes…} and {@code
 * /api/v1/admin/correct}: closed unless the setting {@code http.admin_api} opens them. A tenant
 * sees its own deletes.
 */
public final class DeletesHandlers {
  private final Supplier<Store> store;
  private final boolean open;
  private final IngestLimits limits;
  private final InstantSource clock;

  /**
   * Works on a store that is there by the time of the first request.
   *
   * @param limits that corrections as lines of text keep
   */
  public DeletesHandlers(
      Supplier<Store> store, boolean open, IngestLimits limits, InstantSource clock) {
    this.store = store;
    this.open = open;
    this.limits = limits;
    this.clock = clock;
  }

  /**
   * {@code deletes}: lists those that are not purged, or with {@code state=all} all that are known;
   * by POST deletes what {@code match[]}, {@code start} and {@code end} say, or with {@code
   * dry_run=true} tells what that would hide.
   */
  public Handler deletes() {
    return guarded(
        (request, response) -> {
          if (request.method().equals("GET")) {
            list(request, response);
          } else {
            delete(new Arguments(request), response, store.get().upkeep());
          }
        });
  }

  private void list(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    String state = arguments.text("state").toLowerCase(Locale.ROOT);
    boolean all = state.equals("all");
    if (!all && !state.isEmpty() && !state.equals("pending")) {
      throw ApiException.badParameter("state", "\"" + state + "\" is neither pending nor all");
    }
    String tenant = arguments.tenant();
    List<DeleteInfo> found = new ArrayList<>();
    for (DeleteInfo delete : store.get().upkeep().deletes()) {
      boolean pending =
          delete.state() == DeleteInfo.State.HIDDEN
              || delete.state() == DeleteInfo.State.PARTLY_PURGED;
      if (delete.tenant().equals(tenant) && (all || pending)) {
        found.add(delete);
      }
    }
    Answers.success(
        response,
        json -> {
          json.beginList();
          for (DeleteInfo delete : found) {
            DeletesJson.info(json, delete, false);
          }
          json.endList();
        });
  }

  /** Deletes, or tells what that would do; answers with a list, one for each selector. */
  static void delete(Arguments arguments, Response response, Store.Upkeep upkeep)
      throws IOException {
    List<List<Matcher>> sets = selectors(arguments);
    TimeRange range = arguments.range();
    String tenant = arguments.tenant();
    if (arguments.flag("dry_run")) {
      Answers.success(
          response,
          json -> {
            json.beginList();
            for (List<Matcher> matchers : sets) {
              DeletesJson.preview(
                  json, matchers, range, upkeep.previewDelete(tenant, matchers, range));
            }
            json.endList();
          });
      return;
    }
    List<Long> ids = new ArrayList<>();
    for (List<Matcher> matchers : sets) {
      if (!range.isEmpty()) {
        ids.add(upkeep.delete(tenant, matchers, range));
      }
    }
    List<DeleteInfo> done =
        upkeep.deletes().stream().filter(delete -> ids.contains(delete.id())).toList();
    Answers.success(
        response,
        json -> {
          json.beginList();
          for (DeleteInfo delete : done) {
            DeletesJson.info(json, delete, false);
          }
          json.endList();
        });
  }

  static List<List<Matcher>> selectors(Arguments arguments) {
    if (!arguments.has("match[]")) {
      throw ApiException.badData("no match[] parameter provided");
    }
    try {
      return arguments.matchers();
    } catch (IllegalArgumentException | ParseException e) {
      throw ApiException.badParameter("match[]", String.valueOf(e.getMessage()));
    }
  }

  /** {@code deletes/ID}: one delete with its windows, and its receipt when it is purged. */
  public Handler one() {
    return guarded(
        (request, response) -> {
          DeleteInfo delete = find(request);
          Answers.success(response, json -> DeletesJson.info(json, delete, true));
        });
  }

  /** {@code deletes/ID/undo}: takes a delete back. */
  public Handler undo() {
    return guarded(
        (request, response) -> {
          DeleteInfo delete = find(request);
          try {
            store.get().upkeep().undelete(delete.id());
          } catch (UndeleteException e) {
            throw new ApiException(
                e.known() ? ErrorType.EXECUTION : ErrorType.NOT_FOUND,
                String.valueOf(e.getMessage()));
          }
          response.empty(204);
        });
  }

  private DeleteInfo find(Request request) {
    String tenant = new Arguments(request).tenant();
    long id;
    try {
      id = Long.parseLong(request.pathParameter());
    } catch (NumberFormatException e) {
      throw ApiException.badData("not the id of a delete: \"" + request.pathParameter() + '"');
    }
    for (DeleteInfo delete : store.get().upkeep().deletes()) {
      if (delete.id() == id && delete.tenant().equals(tenant)) {
        return delete;
      }
    }
    throw new ApiException(ErrorType.NOT_FOUND, "there is no delete " + id);
  }

  /**
   * {@code correct}: stores samples in place of those at the same times. Takes lines of text
   * ({@link SampleLines}).
   *
   * @param messages takes remote write messages, which tell themselves by their content type
   */
  public Handler correct(Handler messages) {
    return guarded(
        (request, response) -> {
          if (isMessage(request.header("Content-Type"))) {
            messages.handle(request, response);
            return;
          }
          WriteBatch batch = lines(request);
          WriteResult result;
          try {
            result = store.get().upkeep().correct(batch);
          } catch (LateBacklogException | StaleGenerationException e) {
            throw new ApiException(ErrorType.UNAVAILABLE, String.valueOf(e.getMessage()));
          }
          if (!result.complete()) {
            throw ApiException.badData(String.join("; ", result.problems()));
          }
          Answers.success(
              response,
              json ->
                  json.beginObject().key("samples").number((long) result.samples()).endObject());
        });
  }

  private static boolean isMessage(@Nullable String contentType) {
    return contentType != null
        && contentType.toLowerCase(Locale.ROOT).startsWith("application/x-protobuf");
  }

  private WriteBatch lines(Request request) {
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(request.body(), 0, request.bodyLength()))
              .toString();
    } catch (CharacterCodingException e) {
      throw ApiException.badData("the body is not UTF-8");
    }
    try {
      return SampleLines.read(
          text, Arguments.tenantOf(request), SampleLines.Limits.of(limits, clock.millis()));
    } catch (IllegalArgumentException e) {
      throw ApiException.badData(String.valueOf(e.getMessage()));
    }
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
      } catch (LimitExceededException e) {
        throw new ApiException(ErrorType.EXECUTION, String.valueOf(e.getMessage()));
      }
    };
  }
}
