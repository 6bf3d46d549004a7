package io.varve.http.api;

import io.varve.engine.DeleteInfo;
import io.varve.engine.DeletePreview;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.json.Json;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Deletes, dry runs and receipts in JSON. */
public final class DeletesJson {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");

  private DeletesJson() {}

  /** Matchers as one selector. */
  public static String selector(List<Matcher> matchers) {
    String name = "";
    StringBuilder others = new StringBuilder();
    for (Matcher matcher : matchers) {
      if (name.isEmpty()
          && matcher.name().equals(Labels.METRIC_NAME)
          && matcher.type() == Matcher.Type.EQ
          && NAME.matcher(matcher.value()).matches()) {
        name = matcher.value();
      } else {
        others.append(others.isEmpty() ? "" : ",").append(matcher);
      }
    }
    return others.isEmpty() && !name.isEmpty() ? name : name + "{" + others + "}";
  }

  /** What a delete would do. */
  static void preview(Json json, List<Matcher> matchers, TimeRange range, DeletePreview preview)
      throws IOException {
    json.beginObject().key("selector").string(selector(matchers));
    range(json, range);
    json.key("series").number(preview.series());
    json.key("samples").number(preview.samples());
    json.key("bytes").number(preview.bytes());
    json.key("windows").beginList();
    for (DeletePreview.Window window : preview.windows()) {
      json.beginObject().key("start").seconds(window.start());
      json.key("series").number(window.series());
      json.key("samples").number(window.samples());
      json.key("bytes").number(window.bytes());
      json.endObject();
    }
    json.endList().endObject();
  }

  /** A delete; with its windows and the files of its receipt if it is asked for alone. */
  static void info(Json json, DeleteInfo delete, boolean whole) throws IOException {
    json.beginObject().key("id").string(Long.toString(delete.id()));
    json.key("selector").string(selector(delete.matchers()));
    range(json, delete.range());
    json.key("time").seconds(delete.atMillis());
    json.key("state").string(delete.state().name().toLowerCase(Locale.ROOT));
    json.key("undoUntil").seconds(delete.undoUntilMillis());
    json.key("series").number(delete.series());
    json.key("samples").number(delete.samples());
    json.key("bytes").number(delete.bytes());
    if (whole) {
      json.key("windows").beginList();
      for (DeleteInfo.Window window : delete.windows()) {
        window(json, window);
      }
      json.endList();
    } else {
      json.key("windows").number((long) delete.windows().size());
    }
    json.endObject();
  }

  private static void window(Json json, DeleteInfo.Window window) throws IOException {
    json.beginObject().key("start").seconds(window.start());
    json.key("series").number(window.series());
    json.key("samples").number(window.samples());
    json.key("bytes").number(window.bytes());
    json.key("state")
        .string(window.dropped() ? "dropped" : window.state().name().toLowerCase(Locale.ROOT));
    if (window.purgedAtMillis() != 0) {
      json.key("purgeTime").seconds(window.purgedAtMillis());
    }
    json.key("writtenLater").number(window.writtenLater());
    files(json, "filesRemoved", window.removed());
    files(json, "filesWritten", window.written());
    json.endObject();
  }

  private static void files(Json json, String key, List<DeleteInfo.File> files) throws IOException {
    json.key(key).beginList();
    for (DeleteInfo.File file : files) {
      json.beginObject().key("path").string(file.path());
      json.key("sha256").string(file.sha256()).endObject();
    }
    json.endList();
  }

  /** Ends of time are left out: they are no times. */
  private static void range(Json json, TimeRange range) throws IOException {
    if (range.startExclusive() > -Arguments.MOST_MILLIS) {
      json.key("start").seconds(range.startExclusive() + 1);
    }
    if (range.endInclusive() < Arguments.MOST_MILLIS) {
      json.key("end").seconds(range.endInclusive());
    }
  }
}
