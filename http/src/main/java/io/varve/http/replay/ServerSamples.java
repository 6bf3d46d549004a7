package io.varve.http.replay;

import io.varve.engine.Engine;
import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.TimeRange;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Ingestor;
import io.varve.ingest.intake.LabelLimits;
import io.varve.ingest.protobuf.ProtoReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xerial.snappy.Snappy;

/**
 * Samples of a server, fetched by remote read when they are asked for first, and kept in an engine
 * of their own.
 */
final class ServerSamples implements AutoCloseable {
  /** Samples of so much time are fetched at once. */
  private static final long SLICE_MILLIS = 2 * 3_600_000L;

  private static final int MOST_BYTES = 1 << 30;
  private static final String SOURCE = "remote read answer";
  private static final int MATCHERS = 3;

  private final ServerConnection server;
  private final Labels externalLabels;
  private final long last;
  private final Overlay copy = new Overlay();
  private final Ingestor ingestor;
  private final Map<List<Matcher>, Coverage> fetched = new HashMap<>();

  /**
   * Nothing fetched yet.
   *
   * @param externalLabels those that the server adds to what is read
   * @param last samples up to here are fetched ahead, milliseconds since the epoch
   */
  ServerSamples(ServerConnection server, Labels externalLabels, long last) {
    this.server = server;
    this.externalLabels = externalLabels;
    this.last = last;
    Engine engine = copy.engine();
    IngestLimits limits =
        new IngestLimits(
            MOST_BYTES,
            MOST_BYTES,
            Integer.MAX_VALUE,
            4L * MOST_BYTES,
            Duration.ofDays(36_500),
            0,
            1 << 16,
            LabelLimits.DEFAULT);
    ingestor = new Ingestor(engine.seriesLookup(), engine::append, limits, InstantSource.system());
  }

  /** A snapshot that fetches what is asked of it. */
  Snapshot snapshot() {
    return new Fetching();
  }

  private final class Fetching implements Snapshot {
    private final List<Snapshot> taken = new ArrayList<>();

    private Snapshot with(List<Matcher> matchers, TimeRange range) {
      synchronized (ServerSamples.this) { // workers of a query may select at once
        fetch(matchers, range);
        Snapshot now = copy.snapshot();
        taken.add(now);
        return now;
      }
    }

    @Override
    public SeriesSet select(
        String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
      return with(matchers, range).select("", matchers, range, budget);
    }

    @Override
    public List<String> labelNames(
        String tenant, List<Matcher> matchers, TimeRange range, int limit, QueryBudget budget) {
      return with(matchers, range).labelNames("", matchers, range, limit, budget);
    }

    @Override
    public List<String> labelValues(
        String tenant,
        String name,
        List<Matcher> matchers,
        TimeRange range,
        int limit,
        QueryBudget budget) {
      return with(matchers, range).labelValues("", name, matchers, range, limit, budget);
    }

    @Override
    public Map<Labels, List<Exemplar>> exemplars(
        String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
      return Map.of();
    }

    @Override
    public Map<String, Metadata> metadata(String tenant) {
      return Map.of();
    }

    @Override
    public void close() {
      taken.forEach(Snapshot::close);
    }
  }

  private void fetch(List<Matcher> matchers, TimeRange range) {
    Coverage coverage = fetched.computeIfAbsent(List.copyOf(matchers), key -> new Coverage());
    if (coverage.missing(range).isEmpty()) {
      return;
    }
    // Those who go step by step ask for a little more each time.
    long end = Math.max(range.endInclusive(), Math.min(range.endInclusive() + SLICE_MILLIS, last));
    for (TimeRange part : coverage.missing(new TimeRange(range.startExclusive(), end))) {
      for (long at = part.startExclusive(); at < part.endInclusive(); at += SLICE_MILLIS) {
        TimeRange slice = new TimeRange(at, Math.min(at + SLICE_MILLIS, part.endInclusive()));
        try {
          fetchSlice(matchers, slice);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        coverage.add(slice);
      }
    }
    copy.upkeep();
  }

  private void fetchSlice(List<Matcher> matchers, TimeRange range) throws IOException {
    HttpResponse<byte[]> response =
        server.post(
            "/api/v1/read",
            Snappy.compress(request(matchers, range)),
            "X-Prometheus-Remote-Read-Version");
    if (response.statusCode() != 200) {
      throw new IOException(
          "the server does not answer remote read ("
              + response.statusCode()
              + "): "
              + new String(response.body(), StandardCharsets.UTF_8).strip());
    }
    byte[] message = Snappy.uncompress(response.body());
    ProtoReader in = new ProtoReader(SOURCE).on(message, 0, message.length);
    while (!in.atEnd()) {
      int tag = in.tag();
      if (tag != 0x0A) {
        in.skip(tag);
        continue;
      }
      int outer = in.enter();
      store(in, message);
      in.leave(outer);
    }
  }

  private static byte[] request(List<Matcher> matchers, TimeRange range) {
    ByteWriter query = new ByteWriter(256);
    query.u8(1 << 3);
    query.varint(range.startExclusive() + 1);
    query.u8(2 << 3);
    query.varint(range.endInclusive());
    for (Matcher matcher : matchers) {
      ByteWriter one = new ByteWriter(64);
      one.u8(1 << 3);
      one.varint(
          switch (matcher.type()) {
            case EQ -> 0;
            case NEQ -> 1;
            case RE -> 2;
            case NRE -> 3;
          });
      one.u8(2 << 3 | 2);
      one.string(matcher.name());
      one.u8(MATCHERS << 3 | 2);
      one.string(matcher.value());
      query.u8(3 << 3 | 2);
      query.varint(one.size());
      query.bytes(one.array(), 0, one.size());
    }
    ByteWriter out = new ByteWriter(query.size() + 16);
    out.u8(1 << 3 | 2);
    out.varint(query.size());
    out.bytes(query.array(), 0, query.size());
    return out.toByteArray();
  }

  /** A result is what remote write sends, but for the external labels. */
  private void store(ProtoReader result, byte[] message) throws IOException {
    byte[] body;
    if (externalLabels.size() == 0) {
      body = Snappy.compress(Arrays.copyOfRange(message, result.at(), result.limit()));
      result.pass(result.limit() - result.at());
    } else {
      ByteWriter all = new ByteWriter(result.limit() - result.at());
      while (!result.atEnd()) {
        int tag = result.tag();
        if (tag != 0x0A) {
          result.skip(tag);
          continue;
        }
        int outer = result.enter();
        ByteWriter series = withoutExternal(result, message);
        result.leave(outer);
        all.u8(0x0A);
        all.varint(series.size());
        all.bytes(series.array(), 0, series.size());
      }
      body = Snappy.compress(all.toByteArray());
    }
    IngestOutcome outcome = ingestor.write(body, 0, body.length, null, "snappy", null);
    if (!outcome.ok()) {
      copy.upkeep();
      outcome = ingestor.write(body, 0, body.length, null, "snappy", null);
    }
    if (!outcome.ok()) {
      throw new IOException("what the server answers cannot be kept: " + outcome.message());
    }
  }

  private ByteWriter withoutExternal(ProtoReader in, byte[] message) {
    ByteWriter series = new ByteWriter(in.limit() - in.at());
    while (!in.atEnd()) {
      int begin = in.at();
      int tag = in.tag();
      boolean external = false;
      if (tag == 0x0A) {
        int outer = in.enter();
        external = isExternal(in, message);
        in.leave(outer);
      } else {
        in.skip(tag);
      }
      if (!external) {
        series.bytes(message, begin, in.at() - begin);
      }
    }
    return series;
  }

  private boolean isExternal(ProtoReader in, byte[] message) {
    String name = "";
    String value = "";
    while (!in.atEnd()) {
      int tag = in.tag();
      if (tag >>> 3 > 2) {
        in.skip(tag);
        continue;
      }
      int length = in.length();
      String text = new String(message, in.at(), length, StandardCharsets.UTF_8);
      in.pass(length);
      if (tag >>> 3 == 1) {
        name = text;
      } else {
        value = text;
      }
    }
    return externalLabels.has(name) && externalLabels.get(name).equals(value);
  }

  @Override
  public void close() {
    copy.close();
  }
}
