package io.varve.http.api;

import io.varve.http.json.Envelope;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;

/**
 * An endpoint whose answer does not change while the server runs: who we are, and the empty lists
 * that clients of Prometheus ask for and take for "there is none" (an error would worry them).
 */
public final class FixedHandler implements Handler {
  private final Envelope.Data data;

  private FixedHandler(Envelope.Data data) {
    this.data = data;
  }

  /** An object with one list, which is empty. */
  static FixedHandler emptyList(String key) {
    return new FixedHandler(json -> json.beginObject().key(key).beginList().endList().endObject());
  }

  /** An object of texts. */
  public static FixedHandler texts(Map<String, String> texts) {
    return new FixedHandler(json -> write(json, texts));
  }

  /** An object of texts that are asked for with each request. */
  public static Handler texts(Supplier<Map<String, String>> texts) {
    return (request, response) -> Answers.success(response, json -> write(json, texts.get()));
  }

  /** An object of texts, without what surrounds the answers of the API. */
  public static Handler plainTexts(Map<String, String> texts) {
    return (request, response) ->
        response.body(
            200,
            "application/json",
            out -> {
              Json json = new Json(out);
              write(json, texts);
              json.finish();
            });
  }

  private static void write(Json json, Map<String, String> texts) throws IOException {
    json.beginObject();
    for (Map.Entry<String, String> entry : texts.entrySet()) {
      json.key(entry.getKey()).string(entry.getValue());
    }
    json.endObject();
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Answers.success(response, data);
  }
}
