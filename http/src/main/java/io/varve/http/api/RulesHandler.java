package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.ParseException;
import java.io.IOException;
import java.util.Locale;
import java.util.Set;

/** {@code /api/v1/rules} of a server without rules: checks what is asked for, finds no group. */
public final class RulesHandler implements Handler {
  private static final Set<String> TYPES = Set.of("", "alert", "record");
  private static final Set<String> FLAGS = Set.of("", "1", "t", "true", "0", "f", "false");

  /** Keeps nothing. */
  public RulesHandler() {}

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    String type = arguments.text("type").toLowerCase(Locale.ROOT);
    if (!TYPES.contains(type)) {
      throw ApiException.badParameter("type", "not supported value \"" + type + '"');
    }
    try {
      var _ = arguments.matchers();
    } catch (IllegalArgumentException | ParseException e) {
      throw ApiException.badData(String.valueOf(e.getMessage()));
    }
    if (!FLAGS.contains(arguments.text("exclude_alerts").toLowerCase(Locale.ROOT))) {
      throw ApiException.badParameter(
          "exclude_alerts", "error converting exclude_alerts: invalid syntax");
    }
    page(arguments);
    Answers.success(
        response, json -> json.beginObject().key("groups").beginList().endList().endObject());
  }

  private static void page(Arguments arguments) {
    String limit = arguments.text("group_limit");
    String token = arguments.text("group_next_token");
    if (limit.isEmpty()) {
      if (!token.isEmpty()) {
        throw ApiException.badParameter(
            "group_limit", "group_limit needs to be present in order to paginate over the groups");
      }
      return;
    }
    int groups;
    try {
      groups = Arguments.parseInt(limit);
    } catch (IllegalArgumentException e) {
      throw ApiException.badParameter(
          "group_limit", "group_limit needs to be a valid number: " + e.getMessage());
    }
    if (groups <= 0) {
      throw ApiException.badParameter("group_limit", "group_limit needs to be greater than 0");
    }
    if (!token.isEmpty()) {
      throw ApiException.badParameter(
          "group_next_token",
          "invalid group_next_token. were rule groups changed?"); // no group ever had a token
    }
  }
}
