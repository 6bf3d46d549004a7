package io.varve.http.api;

import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.http.json.FamilyWriter;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.ParseException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code /federate}: the newest sample of each selected series, in a format that another server can
 * scrape. Series that have ended or have had no sample for the lookback time are left out, and so
 * are native histograms with exponential buckets if text is asked for.
 */
public final class FederateHandler implements Handler {
  private static final int ROW_BYTES = 100;
  private static final String INSTANCE = "instance";

  private final Reading reading;
  private final Supplier<Labels> externalLabels;
  private final long lookbackMillis;
  private final InstantSource clock;

  /** Reads through {@code reading}, at the clock's time. */
  public FederateHandler(
      Reading reading, Supplier<Labels> externalLabels, long lookbackMillis, InstantSource clock) {
    this.reading = reading;
    this.externalLabels = externalLabels;
    this.lookbackMillis = lookbackMillis;
    this.clock = clock;
  }

  /** A series' newest sample. */
  private record Newest(long time, double value, @Nullable Histogram histogram) {}

  /** A series by the order in which it is written: floats of a metric before histograms. */
  private record Place(boolean histogram, Labels labels) {}

  @Override
  public void handle(Request request, Response response) throws IOException {
    PlainText.errors(this::answer).handle(request, response);
  }

  private void answer(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    List<List<Matcher>> sets;
    try {
      sets = arguments.anyMatchers(); // as Prometheus does, which lets everything be federated
    } catch (IllegalArgumentException | ParseException e) {
      throw PlainText.refused(400, e);
    }
    String tenant = PlainText.tenant(request);
    long now = clock.millis();
    TimeRange range = TimeRange.closed(now - lookbackMillis, now);
    Comparator<Place> order =
        Comparator.comparing(
                (Place place) -> place.labels().get(Labels.METRIC_NAME), Labels::compareUtf8)
            .thenComparing(Place::histogram)
            .thenComparing(Place::labels);
    Map<Place, Newest> found =
        reading.look(
            request,
            (snapshot, budget) -> {
              Map<Place, Newest> all = new TreeMap<>(order);
              for (List<Matcher> matchers : sets) {
                budget.check();
                newest(snapshot, budget, tenant, matchers, range, all);
              }
              return all;
            });
    Labels external = externalLabels.get();
    FamilyWriter.Format format = FamilyWriter.Format.accepted(request.header("Accept"));
    response.body(
        200,
        format.contentType(),
        out -> {
          FamilyWriter writer = format.writer(out);
          for (var series : found.entrySet()) {
            FamilyWriter.Row row = withExternal(series.getKey().labels(), external);
            Newest newest = series.getValue();
            if (newest.histogram() == null) {
              writer.sample(row, newest.value(), newest.time());
            } else {
              writer.histogram(row, newest.histogram(), newest.time());
            }
          }
          writer.end();
        });
  }

  private static void newest(
      Snapshot snapshot,
      RequestBudget budget,
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      Map<Place, Newest> into) {
    SeriesSet set = snapshot.select(tenant, matchers, range, budget);
    SampleColumns rows = new SampleColumns();
    try (SeriesReader reader = set.reader()) {
      for (int series = 0; series < set.size(); series++) {
        Labels labels = set.labels(series);
        if (!labels.has(Labels.METRIC_NAME)) {
          continue;
        }
        rows.clear();
        reader.read(series, range, rows);
        int last = rows.size - 1;
        if (last < 0) {
          continue;
        }
        Histogram histogram = rows.histogram(last);
        boolean ended = histogram == null ? StaleMarker.is(rows.values[last]) : histogram.isStale();
        if (ended) {
          continue;
        }
        budget.chargeBytes((long) ROW_BYTES * (labels.size() + (histogram == null ? 1 : 10)));
        into.put(
            new Place(histogram != null, labels),
            new Newest(rows.times[last], rows.values[last], histogram));
      }
    }
  }

  /**
   * With external labels in place of what is missing, and an empty instance if there is none, so
   * that the scraping server does not put its own name for this server there.
   */
  private static FamilyWriter.Row withExternal(Labels labels, Labels external) {
    Labels merged = labels.withMissing(external);
    return new FamilyWriter.Row(merged, merged.has(INSTANCE) ? "" : INSTANCE);
  }
}
