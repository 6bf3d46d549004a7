package io.varve.http.api;

import io.varve.http.json.Envelope;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Successful answers of the JSON API. */
final class Answers {
  private Answers() {}

  static void success(Response response, Envelope.Data data) throws IOException {
    success(response, data, List.of(), List.of());
  }

  static void success(
      Response response, Envelope.Data data, List<String> warnings, List<String> infos)
      throws IOException {
    List<String> all = response.warnings();
    if (all.isEmpty()) {
      all = warnings;
    } else if (!warnings.isEmpty()) {
      all = new ArrayList<>(all); // first: they are about the whole answer
      all.addAll(warnings);
    }
    List<String> shown = all;
    response.body(200, "application/json", out -> Envelope.success(out, data, shown, infos));
  }

  /** The warning that goes with a result that was cut. */
  static List<String> truncated(boolean cut) {
    return cut ? List.of("results truncated due to limit") : List.of();
  }
}
