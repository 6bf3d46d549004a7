package io.varve.http.api;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.json.GoStrings;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.List;

/** {@code /api/v1/label/<name>/values}: the values of a label. */
public final class LabelValuesHandler implements Handler {
  private static final String ESCAPED = "U__";
  private static final int MOST_HEX_DIGITS = 6;
  private static final char REPLACEMENT = '\uFFFD';

  private final Reading reading;

  /** Reads through {@code reading}. */
  public LabelValuesHandler(Reading reading) {
    this.reading = reading;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    String name = unescape(request.pathParameter());
    if (name.isEmpty() || name.indexOf(REPLACEMENT) >= 0) {
      throw ApiException.badData("invalid label name: " + GoStrings.quote(name));
    }
    int limit = arguments.limit();
    TimeRange range = arguments.range();
    List<List<Matcher>> sets = arguments.matchersOfLabels();
    String tenant = arguments.tenant();
    Union<String> values =
        reading.look(
            request,
            (snapshot, budget) ->
                Union.of(
                    sets,
                    limit,
                    Labels::compareUtf8,
                    budget,
                    (matchers, most) ->
                        snapshot.labelValues(tenant, name, matchers, range, most, budget)));
    Answers.success(
        response, json -> json.strings(values.items()), Answers.truncated(values.cut()), List.of());
  }

  /**
   * Takes back the escaping by which clients put names with any characters into a path: {@code U__}
   * in front, {@code __} for an underscore, {@code _2e_} for the character with that hexadecimal
   * code. What is not properly escaped stands for itself.
   */
  static String unescape(String name) {
    if (!name.startsWith(ESCAPED)) {
      return name;
    }
    StringBuilder out = new StringBuilder();
    for (int i = ESCAPED.length(); i < name.length(); i++) {
      char c = name.charAt(i);
      if (c != '_') {
        out.append(c);
        continue;
      }
      int close = name.indexOf('_', i + 1);
      int digits = close - i - 1;
      if (close < 0 || digits >= MOST_HEX_DIGITS) {
        return name;
      }
      if (digits == 0) {
        out.append('_');
      } else {
        int code = 0;
        for (int k = i + 1; k < close; k++) {
          int digit = Character.digit(name.charAt(k), 16);
          if (digit < 0 || name.charAt(k) > 'f') {
            return name;
          }
          code = code << 4 | digit;
        }
        if (code > Character.MAX_CODE_POINT
            || (code >= Character.MIN_SURROGATE && code <= Character.MAX_SURROGATE)) {
          return name;
        }
        out.appendCodePoint(code);
      }
      i = close;
    }
    return out.toString();
  }
}
