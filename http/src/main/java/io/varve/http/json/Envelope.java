package io.varve.http.json;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** What surrounds every answer of the JSON API. */
public final class Envelope {
  private static final int MOST_ANNOTATIONS = 10;

  private Envelope() {}

  /** Writes the data of an answer: one value. */
  public interface Data {
    /** Writes it. */
    void write(Json json) throws IOException;
  }

  /** Writes a successful answer. */
  public static void success(OutputStream out, Data data, List<String> warnings, List<String> infos)
      throws IOException {
    Json json = new Json(out);
    json.beginObject().key("status").string("success").key("data");
    data.write(json);
    annotations(json, "warnings", warnings, "warning");
    annotations(json, "infos", infos, "info");
    json.endObject().finish();
  }

  /** Writes an error. */
  public static void error(OutputStream out, String type, String message) throws IOException {
    new Json(out)
        .beginObject()
        .key("status")
        .string("error")
        .key("errorType")
        .string(type)
        .key("error")
        .string(message)
        .endObject()
        .finish();
  }

  private static void annotations(Json json, String key, List<String> texts, String word)
      throws IOException {
    if (texts.isEmpty()) {
      return;
    }
    json.key(key).beginList();
    int shown = Math.min(texts.size(), MOST_ANNOTATIONS);
    for (String text : texts.subList(0, shown)) {
      json.string(text);
    }
    if (shown < texts.size()) {
      json.string((texts.size() - shown) + " more " + word + " annotations omitted");
    }
    json.endList();
  }
}
