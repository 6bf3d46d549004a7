package io.varve.http.api;

import io.varve.http.json.GoFloat;
import io.varve.http.json.GoTimes;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.retention.rules.Alert;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.RuleStatus;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** {@code /api/v1/alerts}: the alerts of a tenant that are pending or fire. */
public final class AlertsHandler implements Handler {
  private final Supplier<List<GroupStatus>> groups;

  /** Asks for the groups with each request. */
  public AlertsHandler(Supplier<List<GroupStatus>> groups) {
    this.groups = groups;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    String tenant = new Arguments(request).tenant();
    List<GroupStatus> now =
        groups.get().stream().filter(group -> group.tenant().equals(tenant)).toList();
    Answers.success(
        response,
        json -> {
          json.beginObject().key("alerts").beginList();
          for (GroupStatus group : now) {
            for (RuleStatus rule : group.rules()) {
              write(json, rule.activeAlerts());
            }
          }
          json.endList().endObject();
        });
  }

  static void write(Json json, List<Alert> alerts) throws IOException {
    for (Alert alert : alerts) {
      texts(
          json.beginObject().key("labels").labels(alert.labels()).key("annotations"),
          alert.annotations());
      json.key("state").string(alert.state().text());
      json.key("activeAt").string(GoTimes.text(alert.activeMillis()));
      if (alert.keptMillis() != 0) {
        json.key("keepFiringSince").string(GoTimes.text(alert.keptMillis()));
      }
      json.key("value").string(GoFloat.exponent(alert.value())).endObject();
    }
  }

  static void texts(Json json, Map<String, String> texts) throws IOException {
    json.beginObject();
    for (Map.Entry<String, String> text : texts.entrySet()) {
      json.key(text.getKey()).string(text.getValue());
    }
    json.endObject();
  }
}
