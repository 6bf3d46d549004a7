package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.DeleteInfo;
import io.varve.engine.Engine;
import io.varve.http.api.DeletesJson;
import java.io.IOException;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code varve deletes}: lists deletes. */
@Command(
    name = "deletes",
    description =
        "Lists deletes that can still be undone, or with --all also purged and undone ones.",
    mixinStandardHelpOptions = true)
final class DeletesCommand implements Callable<Integer> {
  @Mixin private AdminTarget target = new AdminTarget();

  @Option(names = "--all", description = "Also those that are purged or undone.")
  private boolean all;

  @Override
  public Integer call() throws IOException {
    TextTable table = new TextTable("ID", "TIME", "STATE", "SERIES", "SAMPLES", "SELECTOR");
    if (target.isFolder()) {
      try (Engine engine = target.open()) {
        for (DeleteInfo delete : engine.deletes()) {
          boolean pending =
              delete.state() == DeleteInfo.State.HIDDEN
                  || delete.state() == DeleteInfo.State.PARTLY_PURGED;
          if (delete.tenant().equals(target.tenant()) && (all || pending)) {
            row(
                table,
                Long.toString(delete.id()),
                delete.atMillis(),
                delete.state().name().toLowerCase(Locale.ROOT),
                delete.series(),
                delete.samples(),
                DeletesJson.selector(delete.matchers()));
          }
        }
      }
    } else {
      for (JsonNode one : target.get("/api/v1/admin/deletes" + (all ? "?state=all" : ""))) {
        row(
            table,
            one.path("id").asText(),
            Math.round(one.path("time").asDouble() * 1000),
            one.path("state").asText(),
            one.path("series").asLong(),
            one.path("samples").asLong(),
            one.path("selector").asText());
      }
    }
    table.print(System.out);
    return 0;
  }

  private static void row(
      TextTable table,
      String id,
      long atMillis,
      String state,
      long series,
      long samples,
      String selector) {
    table.row(
        id,
        atMillis == 0 ? "-" : Instant.ofEpochMilli(atMillis).toString(),
        state,
        Long.toString(series),
        Long.toString(samples),
        selector);
  }
}
