package io.varve.http.api;

import io.varve.engine.AggregateRule;
import io.varve.engine.AggregateStats;
import io.varve.engine.CellPart;
import io.varve.engine.Grouping;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.Printer;
import java.io.IOException;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;

/**
 * {@code /api/v1/status/aggregates}: which continuous aggregates there are, and how far their cells
 * are made.
 */
public final class AggregatesHandler implements Handler {
  private final Supplier<Store> store;
  private final DeclaredAggregates declared;

  /** Asks a store that is there by the time of the first request. */
  public AggregatesHandler(Supplier<Store> store, DeclaredAggregates declared) {
    this.store = store;
    this.declared = declared;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    AggregateStats stats = store.get().upkeep().aggregates();
    Set<String> ofFile = new HashSet<>();
    for (DeclaredAggregates.Listed one : declared.list()) {
      if (one.isOfFile()) {
        ofFile.add(one.rule().name());
      }
    }
    Answers.success(
        response,
        json -> {
          json.beginObject().key("aggregates").beginList();
          for (AggregateRule rule : stats.rules()) {
            json.beginObject()
                .key("name")
                .string(rule.name())
                .key("origin")
                .string(ofFile.contains(rule.name()) ? "file" : "api")
                .key("match");
            json.string(rule.matchers().isEmpty() ? "{}" : Printer.selector(rule.matchers()));
            String tenant = rule.tenant();
            if (tenant != null) {
              json.key("tenant").string(tenant);
            }
            json.key("resolutions").beginList();
            for (long width : rule.cellMillis()) {
              json.number(width / 1e3);
            }
            json.endList();
            Grouping grouping = rule.grouping();
            if (grouping != null) {
              write(grouping, json);
              json.endObject();
              continue;
            }
            json.key("parts").beginList();
            for (CellPart part : CellPart.values()) {
              if (rule.parts().contains(part)) {
                json.string(part.name().toLowerCase(Locale.ROOT));
              }
            }
            json.endList().endObject();
          }
          json.endList().key("resolutions").beginList();
          for (AggregateStats.Width width : stats.widths()) {
            json.beginObject()
                .key("seconds")
                .number(width.cellMillis() / 1e3)
                .key("files")
                .number(width.files())
                .key("bytes")
                .number(width.bytes())
                .key("cells")
                .number(width.cells())
                .key("filesLeft")
                .number(width.chunksLeft());
            if (width.chunksLeft() > 0) {
              json.key("completeTo").number(width.completeTo() / 1e3);
            }
            json.endObject();
          }
          json.endList().key("groups").beginList();
          for (AggregateStats.Tables tables : stats.grouped().tables()) {
            write(tables, json);
          }
          json.endList()
              .key("audit")
              .beginObject()
              .key("checkedCells")
              .number(stats.audited())
              .key("wrongFiles")
              .number(stats.wrong())
              .key("checkedValues")
              .number(stats.grouped().audited())
              .key("wrongTables")
              .number(stats.grouped().wrong())
              .endObject()
              .endObject();
        });
  }

  private static void write(Grouping grouping, Json json) throws IOException {
    json.key(grouping.without() ? "without" : "by").beginList();
    for (String label : grouping.labels()) {
      json.string(label);
    }
    json.endList().key("columns").beginList();
    for (String column : grouping.columns()) {
      json.string(column);
    }
    json.endList();
  }

  private static void write(AggregateStats.Tables tables, Json json) throws IOException {
    json.beginObject()
        .key("name")
        .string(tables.rule())
        .key("seconds")
        .number(tables.stepMillis() / 1e3)
        .key("windows")
        .number(tables.windows())
        .key("bytes")
        .number(tables.bytes())
        .key("groups")
        .number(tables.groups())
        .key("windowsLeft")
        .number(tables.windowsLeft());
    if (tables.windowsLeft() > 0) {
      json.key("completeTo").number(tables.completeTo() / 1e3);
    }
    json.endObject();
  }
}
