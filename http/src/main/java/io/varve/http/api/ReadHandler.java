package io.varve.http.api;

import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.http.net.Handler;
import io.varve.http.net.RefusedException;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.remoteread.FrameWriter;
import io.varve.http.remoteread.ReadRequest;
import io.varve.http.remoteread.SamplesAnswer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;

/**
 * {@code /api/v1/read}: raw samples for other stores, stale markers included, as one message or as
 * a stream of chunks. External labels are put on every series, and taken for none in the matchers.
 */
public final class ReadHandler implements Handler {
  private static final int SAMPLES = 0;
  private static final int STREAMED_CHUNKS = 1;

  private final Reading reading;
  private final Supplier<Labels> externalLabels;
  private final long maxSamples;
  private final int frameBytes;

  /**
   * Reads through {@code reading}.
   *
   * @param maxSamples of an answer that is not streamed
   * @param frameBytes size at which a frame of a streamed answer is closed
   */
  public ReadHandler(
      Reading reading, Supplier<Labels> externalLabels, long maxSamples, int frameBytes) {
    this.reading = reading;
    this.externalLabels = externalLabels;
    this.maxSamples = maxSamples;
    this.frameBytes = frameBytes;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    PlainText.errors(this::answer).handle(request, response);
  }

  private void answer(Request request, Response response) throws IOException {
    String tenant = PlainText.tenant(request);
    ReadRequest asked;
    try {
      asked = ReadRequest.decode(request.body(), request.bodyLength());
    } catch (CorruptDataException | IllegalArgumentException e) {
      throw PlainText.refused(400, e);
    }
    if (isStreamed(asked.responseTypes())) {
      response.body(
          200,
          "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
          out -> {
            FrameWriter frames = new FrameWriter(out, frameBytes);
            find(request, tenant, asked, frames::write);
          });
      return;
    }
    SamplesAnswer answer = new SamplesAnswer();
    long[] samples = new long[1];
    int[] results = new int[1];
    find(
        request,
        tenant,
        asked,
        (query, labels, rows) -> {
          samples[0] += rows.size;
          if (samples[0] > maxSamples) {
            throw new RefusedException(400, "exceeded sample limit (" + maxSamples + ")\n");
          }
          for (; results[0] <= query; results[0]++) {
            answer.result();
          }
          answer.add(labels, rows);
          return answer.heldBytes();
        });
    for (; results[0] < asked.queries().size(); results[0]++) {
      answer.result(); // of queries that found nothing
    }
    byte[] compressed = answer.compressed();
    response.header("Content-Encoding", "snappy");
    response.body(200, "application/x-protobuf", out -> out.write(compressed));
  }

  private static boolean isStreamed(List<Integer> types) {
    for (int type : types) {
      if (type == SAMPLES || type == STREAMED_CHUNKS) {
        return type == STREAMED_CHUNKS;
      }
    }
    if (!types.isEmpty()) {
      throw new RefusedException(
          400, "server does not support any of the requested response types: " + types + "\n");
    }
    return false;
  }

  /** Takes the series that are found, query by query, sorted by their labels. */
  private interface Taker {
    /**
     * Takes one.
     *
     * @return bytes of memory that it holds by now
     */
    long take(int query, Labels labels, SampleColumns rows) throws IOException;
  }

  private void find(Request request, String tenant, ReadRequest asked, Taker taker)
      throws IOException {
    try {
      reading.look(
          request,
          (snapshot, budget) -> {
            long held = 0;
            for (int query = 0; query < asked.queries().size(); query++) {
              try {
                held =
                    find(snapshot, budget, tenant, asked.queries().get(query), query, taker, held);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
            budget.releaseBytes(held);
            return held;
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private long find(
      Snapshot snapshot,
      RequestBudget budget,
      String tenant,
      ReadRequest.Query query,
      int index,
      Taker taker,
      long heldBefore)
      throws IOException {
    if (query.range().isEmpty()) {
      return heldBefore;
    }
    long held = heldBefore;
    Labels external = externalLabels.get();
    SeriesSet found = snapshot.select(tenant, matchers(query, external), query.range(), budget);
    Integer[] order = new Integer[found.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparing(found::labels));
    SampleColumns rows = new SampleColumns();
    try (SeriesReader reader = found.reader()) {
      for (int series : order) {
        rows.clear();
        if (!query.onlyLabels()) {
          reader.read(series, query.range(), rows);
          if (rows.size == 0) {
            continue;
          }
          budget.chargeSamples(rows.size);
        }
        long now = taker.take(index, found.labels(series).withMissing(external), rows);
        budget.chargeBytes(now - held);
        held = now;
      }
    }
    return held;
  }

  /** External labels are not stored, so a matcher for one asks for series without it. */
  private static List<Matcher> matchers(ReadRequest.Query query, Labels externalLabels) {
    List<Matcher> matchers = new ArrayList<>();
    for (Matcher matcher : query.matchers()) {
      boolean external =
          matcher.type() == Matcher.Type.EQ
              && !matcher.value().isEmpty()
              && externalLabels.get(matcher.name()).equals(matcher.value());
      matchers.add(external ? Matcher.equal(matcher.name(), "") : matcher);
    }
    return matchers;
  }
}
