package io.varve.http.api;

import io.varve.engine.WindowStats;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;

/**
 * {@code /api/v1/status/tsdb/blocks}: the windows of the store, told as Prometheus tells its
 * blocks. A window's number in place of a ULID is made of its start and the newest log position in
 * it, so it changes when its files are replaced.
 */
public final class BlocksHandler implements Handler {
  private static final char[] CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray();
  private static final int TIME_CHARS = 10;
  private static final int REST_CHARS = 16;

  private final Supplier<Store> store;

  /** Asks a store that is there by the time of the first request. */
  public BlocksHandler(Supplier<Store> store) {
    this.store = store;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    List<WindowStats> windows = store.get().upkeep().windows();
    Answers.success(
        response,
        json -> {
          json.beginObject().key("blocks").beginList();
          for (WindowStats window : windows) {
            String id = id(window);
            json.beginObject()
                .key("ulid")
                .string(id)
                .key("minTime")
                .number(window.start() + 1)
                .key("maxTime")
                .number(window.end() + 1)
                .key("stats")
                .beginObject()
                .key("numSamples")
                .number(window.samples())
                .key("numSeries")
                .number(window.series())
                .key("numChunks")
                .number(window.blocks())
                .endObject()
                .key("compaction")
                .beginObject()
                .key("level")
                .number(window.merged() ? 2 : 1)
                .key("sources")
                .strings(List.of(id))
                .endObject()
                .key("version")
                .number(1)
                .endObject();
          }
          json.endList().endObject();
        });
  }

  /** 26 digits to the base 32: ten of time, sixteen of position. */
  private static String id(WindowStats window) {
    char[] digits = new char[TIME_CHARS + REST_CHARS];
    fill(digits, 0, TIME_CHARS, Math.max(0, window.start()));
    fill(digits, TIME_CHARS, REST_CHARS, window.generation());
    return new String(digits);
  }

  private static void fill(char[] digits, int from, int count, long value) {
    long rest = value;
    for (int i = from + count - 1; i >= from; i--) {
      digits[i] = CROCKFORD[(int) (rest & 31)];
      rest >>>= 5;
    }
  }
}
