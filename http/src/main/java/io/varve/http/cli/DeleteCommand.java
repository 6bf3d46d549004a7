package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.DeleteInfo;
import io.varve.engine.DeletePreview;
import io.varve.engine.Engine;
import io.varve.engine.LimitExceededException;
import io.varve.engine.QueryBudget;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve delete SELECTOR}: deletes samples, or tells what that would do. */
@Command(
    name = "delete",
    description = {
      "Deletes the samples of the series that a selector selects, all of them or those in a range.",
      "They are invisible at once, and leave the disk with later merges; until then the delete can"
          + " be undone (varve undelete ID)."
    },
    mixinStandardHelpOptions = true)
final class DeleteCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private AdminTarget target = new AdminTarget();

  @Parameters(paramLabel = "SELECTOR", description = "For example 'up{job=\"gone\"}'.")
  private String selector = "";

  @Option(
      names = "--start",
      paramLabel = "TIME",
      description =
          "The first time that is meant: RFC 3339, seconds since the epoch, or how long ago (-7d);"
              + " all by default.")
  private @Nullable String start;

  @Option(names = "--end", paramLabel = "TIME", description = "The last one.")
  private @Nullable String end;

  @Option(names = "--dry-run", description = "Only counts what would be deleted.")
  private boolean dryRun;

  @Override
  public Integer call() throws IOException {
    List<Matcher> matchers;
    try {
      matchers = Parser.parseSelector(selector);
    } catch (ParseException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    Long from = time(start);
    Long to = time(end);
    if (from != null && to != null && to < from) {
      throw new ParameterException(spec.commandLine(), "--end is before --start");
    }
    if (target.isFolder()) {
      TimeRange range =
          TimeRange.closed(from == null ? Long.MIN_VALUE : from, to == null ? Long.MAX_VALUE : to);
      inFolder(matchers, range);
    } else {
      Map<String, String> form = new LinkedHashMap<>();
      form.put("match[]", selector);
      if (from != null) {
        form.put("start", Double.toString(from / 1000.0));
      }
      if (to != null) {
        form.put("end", Double.toString(to / 1000.0));
      }
      if (dryRun) {
        form.put("dry_run", "true");
      }
      for (JsonNode one : target.post("/api/v1/admin/deletes", form)) {
        tell(
            one.path("id").asText(),
            one.path("series").asLong(),
            one.path("samples").asLong(),
            one.path("bytes").asLong(),
            one.path("windows").isArray()
                ? one.path("windows").size()
                : one.path("windows").asInt());
      }
    }
    return 0;
  }

  private @Nullable Long time(@Nullable String text) {
    try {
      return text == null ? null : (Long) TimeOption.parse(text, Instant.now().toEpochMilli());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void inFolder(List<Matcher> matchers, TimeRange range) throws IOException {
    try (Engine engine = target.open()) {
      if (dryRun) {
        DeletePreview preview =
            engine.previewDelete(target.tenant(), matchers, range, QueryBudget.UNLIMITED);
        tell("", preview.series(), preview.samples(), preview.bytes(), preview.windows().size());
        return;
      }
      long id = engine.delete(target.tenant(), matchers, range);
      engine.flush(); // so that the files know of it, and it can be told what it hides
      for (DeleteInfo info : engine.deletes()) {
        if (info.id() == id) {
          tell(
              Long.toString(id),
              info.series(),
              info.samples(),
              info.bytes(),
              info.windows().size());
        }
      }
    } catch (StorageStoppedException | LimitExceededException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void tell(String id, long series, long samples, long bytes, int windows) {
    if (series == 0 && samples == 0) {
      System.out.println("nothing matches: nothing is deleted");
      return;
    }
    String counts =
        String.format(
            "%,d samples of %,d series in %,d windows%s",
            samples,
            series,
            windows,
            // A dry run counts no bytes of samples that are not in files yet: the delete does.
            dryRun && bytes == 0 ? "" : String.format(", about %,d bytes", bytes));
    System.out.println(
        dryRun
            ? "would delete " + counts
            : "delete " + id + ": " + counts + "; varve undelete " + id + " takes it back");
  }
}
