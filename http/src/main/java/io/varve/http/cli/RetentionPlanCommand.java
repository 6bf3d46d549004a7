package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.DataFolder;
import io.varve.engine.RetentionPlan;
import io.varve.http.config.ServerConfig;
import io.varve.http.replay.ServerConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve retention plan}: what a policy would let go of. */
@Command(
    name = "plan",
    description = {
      "Tells which windows, files, series and how many bytes a retention policy would let go of"
          + " now, without doing it: the policy of a server, or that of another configuration."
    },
    mixinStandardHelpOptions = true)
final class RetentionPlanCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration whose retention is tried; else the one in force.")
  private @Nullable Path config;

  @Mixin private final ServerOption server = new ServerOption();

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Looks at the files of this data folder, and asks no server; needs --config.")
  private @Nullable Path dataDir;

  @Option(names = "--files", description = "Also names the files that go.")
  private boolean files;

  private final TextTable table =
      new TextTable("WINDOW", "REASON", "GOES", "SERIES", "SAMPLES", "BYTES", "LATER");

  @Override
  public Integer call() throws IOException {
    return dataDir == null ? ask() : look(dataDir);
  }

  private int ask() throws IOException {
    if (config != null) {
      var _ = ServerConfig.load(config); // says where it is wrong, by the file's name
    }
    JsonNode answer;
    try (ServerConnection connection = server.connect("")) {
      answer =
          connection.api(
              "/api/v1/status/retention/plan",
              config == null ? Map.of() : Map.of("config", Files.readString(config)));
    }
    if (!answer.path("status").asText().equals("success")) {
      System.err.println("varve: " + answer.path("error").asText());
      return Failures.FAILED;
    }
    JsonNode data = answer.path("data");
    for (JsonNode window : data.path("windows")) {
      row(
          millis(window.path("start")),
          window.path("reason").asText(),
          window.path("whole").asBoolean(),
          window.path("files").size(),
          window.path("series").asLong(),
          window.path("samples").asLong(),
          window.path("bytes").asLong(),
          window.path("laterBytes").asLong());
      window.path("files").forEach(file -> file(file.asText()));
    }
    end(
        data.path("windows").size(),
        data.path("bytes").asLong(),
        data.path("laterBytes").asLong(),
        data.path("storedBytes").asLong());
    answer.path("warnings").forEach(warning -> System.err.println(warning.asText()));
    return 0;
  }

  private static long millis(JsonNode seconds) {
    return Math.round(seconds.asDouble() * 1000);
  }

  private int look(Path folder) throws IOException {
    if (config == null) {
      throw new ParameterException(spec.commandLine(), "--data-dir needs --config");
    }
    ServerConfig settings = ServerConfig.load(config);
    RetentionPlan plan =
        new DataFolder(Folders.withStore(folder))
            .retentionPlan(
                settings.retentionPolicy(),
                settings.retention().disk(),
                System.currentTimeMillis());
    for (RetentionPlan.Window window : plan.windows()) {
      row(
          window.start(),
          window.reason().name().toLowerCase(Locale.ROOT),
          window.isWhole(),
          window.files().size(),
          window.series(),
          window.samples(),
          window.bytes(),
          window.laterBytes());
      window.files().forEach(this::file);
    }
    end(plan.windows().size(), plan.bytes(), plan.laterBytes(), plan.storedBytes());
    plan.problems().forEach(System.err::println);
    return 0;
  }

  private void row(
      long startMillis,
      String reason,
      boolean isWhole,
      int goneFiles,
      long series,
      long samples,
      long bytes,
      long laterBytes) {
    table.row(
        Instant.ofEpochMilli(startMillis).toString(),
        reason,
        isWhole ? "whole" : goneFiles + " files",
        Long.toString(series),
        Long.toString(samples),
        size(bytes),
        size(laterBytes));
  }

  private void file(String path) {
    if (files) {
      table.row("  " + path, "", "", "", "", "", "");
    }
  }

  private void end(int windows, long bytes, long laterBytes, long storedBytes) {
    if (windows == 0) {
      System.out.println("nothing would go of " + size(storedBytes));
      return;
    }
    table.print(System.out);
    System.out.println(
        size(bytes)
            + " would go at once from "
            + windows
            + " windows, about "
            + size(laterBytes)
            + " more with later merges, of "
            + size(storedBytes)
            + " stored");
  }

  private static String size(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " B";
    }
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / (double) (1 << 10));
    }
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
