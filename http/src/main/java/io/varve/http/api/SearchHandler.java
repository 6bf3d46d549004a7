package io.varve.http.api;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.search.BestTexts;
import io.varve.http.search.BestTexts.Scored;
import java.io.IOException;
import java.io.OutputStream;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code /api/v1/search/…}: names and values by what they are like, as lines of JSON: batches of
 * results, then a line that says whether there is more. Prometheus' feature {@code search-api}.
 */
public final class SearchHandler implements Handler {
  /** What is searched. */
  public enum What {
    /** Names of metrics. */
    METRIC_NAMES,
    /** Names of labels. */
    LABEL_NAMES,
    /** Values of one label. */
    LABEL_VALUES;

    /** The last part of its endpoint's path. */
    public String path() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final What what;
  private final Reading reading;
  private final InstantSource clock;
  private final boolean on;
  private final int most;

  /**
   * Searches through {@code reading}, by default in the hour before the clock's time.
   *
   * @param on whether this is offered at all
   * @param most results that may be asked for; 0 for any number
   */
  public SearchHandler(What what, Reading reading, InstantSource clock, boolean on, int most) {
    this.what = what;
    this.reading = reading;
    this.clock = clock;
    this.on = on;
    this.most = most;
  }

  /**
   * What was found.
   *
   * @param best one more than asked for, if there is one
   * @param metadata of metrics, by name; empty if it is not asked for
   * @param damage that was met on the way
   */
  private record Found(List<Scored> best, Map<String, Metadata> metadata, List<String> damage) {}

  @Override
  public void handle(Request request, Response response) throws IOException {
    if (!on) {
      throw new ApiException(ErrorType.UNAVAILABLE, "search API disabled");
    }
    Arguments arguments = new Arguments(request);
    SearchArguments search = SearchArguments.of(arguments, what.path(), clock.millis(), most);
    boolean withMetadata =
        what == What.METRIC_NAMES && SearchArguments.flag(arguments, "include_metadata", false);
    String label =
        switch (what) {
          case METRIC_NAMES -> Labels.METRIC_NAME;
          case LABEL_NAMES -> "";
          case LABEL_VALUES -> arguments.text("label");
        };
    if (what == What.LABEL_VALUES && label.isEmpty()) {
      throw ApiException.badData("missing required parameter \"label\"");
    }
    String tenant = arguments.tenant();
    Found found =
        reading.look(
            request,
            (snapshot, budget) ->
                new Found(
                    find(snapshot, budget, search, tenant, label),
                    withMetadata ? snapshot.metadata(tenant) : Map.of(),
                    snapshot.damage()));
    response.body(200, "application/x-ndjson; charset=utf-8", out -> write(out, search, found));
  }

  private List<Scored> find(
      Snapshot snapshot,
      RequestBudget budget,
      SearchArguments search,
      String tenant,
      String label) {
    BestTexts best = new BestTexts(search.terms(), search.order(), search.limit() + 1, budget);
    List<List<Matcher>> selectors =
        search.selectors().isEmpty() ? List.of(List.of()) : search.selectors();
    for (List<Matcher> matchers : selectors) {
      budget.check();
      if (what == What.LABEL_NAMES) {
        snapshot.eachLabelName(tenant, matchers, search.range(), budget, best);
      } else {
        snapshot.eachLabelValue(tenant, label, matchers, search.range(), budget, best);
      }
    }
    return best.found();
  }

  private static void write(OutputStream out, SearchArguments search, Found found)
      throws IOException {
    int shown = Math.min(found.best.size(), search.limit());
    int from = 0;
    do {
      int to = (int) Math.min((long) from + search.batch(), shown);
      Json json = new Json(out);
      json.beginObject().key("results").beginList();
      for (Scored result : found.best.subList(from, to)) {
        json.beginObject().key("name").string(result.text());
        if (search.withScore()) {
          json.key("score").number(result.score());
        }
        metadata(json, found.metadata.get(result.text()));
        json.endObject();
      }
      json.endList();
      if (from == 0 && !found.damage.isEmpty()) {
        json.key("warnings").strings(found.damage);
      }
      json.endObject().finish();
      out.write('\n');
      from = to;
    } while (from < shown);
    new Json(out)
        .beginObject()
        .key("status")
        .string("success")
        .key("has_more")
        .flag(found.best.size() > shown)
        .endObject()
        .finish();
    out.write('\n');
  }

  private static void metadata(Json json, @Nullable Metadata metadata) throws IOException {
    if (metadata != null) {
      unlessEmpty(json, "type", metadata.type());
      unlessEmpty(json, "help", metadata.help());
      unlessEmpty(json, "unit", metadata.unit());
    }
  }

  private static void unlessEmpty(Json json, String key, String text) throws IOException {
    if (!text.isEmpty()) {
      json.key(key).string(text);
    }
  }
}
