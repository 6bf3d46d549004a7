package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.http.Server;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.query.QueryEngine;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code varve rules replay} from end to end. */
final class RulesReplayCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long T = Instant.parse("2026-01-05T12:00:00Z").toEpochMilli();
  private static final long MINUTE = 60_000;
  private static final String[] RANGE = {
    "--from", "2026-01-05T12:00:00Z", "--to", String.valueOf(T / 1000 + 3600)
  };

  private static final String RULES =
      """
      groups:
      - name: g
        rules:
        - record: job:c:rate5m
          expr: sum by (job) (rate(c[5m]))
        - record: share
          expr: job:c:rate5m / ignoring (job) group_left () sum(job:c:rate5m)
        - alert: Hot
          expr: temperature > 20
          for: 5m
          labels: {severity: page}
          annotations: {text: "{{ $value }}"}
      - name: slow
        interval: 5m
        query_offset: 1m
        rules:
        - record: c:max
          expr: max(c)
      """;

  @TempDir Path folder;
  private Path data;
  private Path rules;

  @BeforeEach
  void store() throws Exception {
    data = folder.resolve("data");
    rules = Files.writeString(folder.resolve("rules.yaml"), RULES);
    try (Engine engine = open()) {
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 4; i++) {
        Labels c = Labels.of("__name__", "c", "i", "" + i, "job", "j" + i % 2);
        for (long t = T - 30 * MINUTE; t <= T + 90 * MINUTE; t += 15_000) {
          batch.add(c, t + i, (t - T + 1e7) * (i + 1) / 1000);
        }
      }
      // Above 20 from 12:10 to 12:30, and from 12:50 on.
      Labels temperature = Labels.of("__name__", "temperature", "room", "a");
      for (long t = T; t <= T + 90 * MINUTE; t += 15_000) {
        long minute = (t - T) / MINUTE;
        batch.add(temperature, t, (minute >= 10 && minute < 30) || minute >= 50 ? 21 : 19);
      }
      int h = batch.addSeries(Labels.of("__name__", "h"));
      for (long t = T; t <= T + 30 * MINUTE; t += 15_000) {
        batch.addHistogram(h, t, histogram((t - T) / 15_000), 0);
      }
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
  }

  private static Histogram histogram(long count) {
    return new Histogram(
        0,
        0.001,
        false,
        count,
        0,
        count * 1.5,
        0,
        new int[] {0, 2},
        new int[0],
        new long[] {count / 2, count - 2 * (count / 2)},
        new long[0],
        new double[0],
        new double[0],
        new double[0]);
  }

  private Engine open() throws IOException {
    return Engine.open(EngineConfig.defaults(data).withBackgroundThreads(false));
  }

  private static CommandResult varve(List<String> arguments) {
    return CommandResult.of(arguments.toArray(new String[0]));
  }

  private CommandResult replay(String... more) {
    List<String> arguments = new ArrayList<>(List.of("rules", "replay", rules.toString()));
    arguments.addAll(List.of("--data-dir", data.toString()));
    arguments.addAll(Arrays.asList(RANGE));
    arguments.addAll(Arrays.asList(more));
    return varve(arguments);
  }

  @Test
  void tellsWhatWouldHaveFired() throws Exception {
    CommandResult result = replay();
    assertThat(result.exit()).as(result.err()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out())
        .contains("ALERT  PENDING SINCE         FIRED AT              RESOLVED AT           LABELS")
        .contains(
            "Hot    2026-01-05T12:10:00Z  2026-01-05T12:15:00Z  2026-01-05T12:30:00Z "
                + " {room=\"a\", severity=\"page\"}")
        .contains("Hot    2026-01-05T12:50:00Z  2026-01-05T12:55:00Z  -  ")
        .contains("2 alerts fired, 0 were pending only; 8 series with ")
        .contains("would have been written");

    String all = Files.readString(rules);
    Files.writeString(rules, all.replace("for: 5m", "for: 15m"));
    assertThat(replay().out())
        .contains("1 alerts fired, 1 were pending only (--pending lists them)")
        .doesNotContain("Hot    2026-01-05T12:50:00Z");
    assertThat(replay("--pending").out()).contains("Hot    2026-01-05T12:50:00Z  -  ");
    Files.writeString(rules, all);

    JsonNode json = JSON.readTree(replay("--format", "json").out());
    assertThat(json.at("/alerts")).hasSize(2);
    assertThat(json.at("/alerts/0/firedAt").asText()).isEqualTo("2026-01-05T12:15:00Z");
    assertThat(json.at("/alerts/1/resolvedAt").isNull()).isTrue();
    assertThat(json.at("/rules/0/samples").asInt()).isEqualTo(2 * 61);
    assertThat(json.at("/rules/3/samples").asInt()).isEqualTo(13);
    assertThat(json.at("/written").asBoolean()).isFalse();
    try (Engine engine = open()) {
      assertThat(samples(engine, "{__name__=~\"job:.*|share|ALERTS\"}", T, T + 60 * MINUTE, MINUTE))
          .as("nothing is written")
          .isEmpty();
    }
  }

  @Test
  void writesWhatRangeQueriesYield() throws Exception {
    CommandResult result = replay("--write");
    assertThat(result.exit()).as(result.err()).isZero();
    assertThat(result.out()).contains(" written");
    try (Engine engine = open()) {
      List<String> rate = samples(engine, "sum by (job) (rate(c[5m]))", T, T + 60 * MINUTE, MINUTE);
      assertThat(rate).hasSize(122);
      assertThat(samples(engine, "sum by (job) (job:c:rate5m)", T, T + 60 * MINUTE, MINUTE))
          .isEqualTo(rate);
      assertThat(samples(engine, "sum by (job) (share)", T, T + 60 * MINUTE, MINUTE))
          .isEqualTo(
              samples(
                  engine,
                  "sum by (job) (rate(c[5m])) / ignoring (job) group_left ()"
                      + " sum(sum by (job) (rate(c[5m])))",
                  T,
                  T + 60 * MINUTE,
                  MINUTE));
      long late = T - MINUTE; // the offset of the group
      assertThat(samples(engine, "sum(c:max)", late, late + 60 * MINUTE, 5 * MINUTE))
          .hasSize(13)
          .isEqualTo(samples(engine, "max(c)", late, late + 60 * MINUTE, 5 * MINUTE));
      assertThat(
              samples(
                  engine,
                  "count_over_time(ALERTS{alertstate=\"firing\"}[61m])",
                  T + 60 * MINUTE,
                  T + 60 * MINUTE,
                  MINUTE))
          .containsExactly(
              "{alertname=\"Hot\", alertstate=\"firing\", room=\"a\", severity=\"page\"} "
                  + (T + 60 * MINUTE)
                  + " 21.0");
      assertThat(samples(engine, "ALERTS_FOR_STATE", T + 20 * MINUTE, T + 20 * MINUTE, MINUTE))
          .singleElement()
          .asString()
          .endsWith(" " + (double) (T / 1000 + 600));
      assertThat(samples(engine, "ALERTS", T + 40 * MINUTE, T + 40 * MINUTE, MINUTE)).isEmpty();
    }
    // What was written is not what the next run builds upon.
    assertThat(replay("--format", "json").out().replace("false", "true"))
        .contains("\"samples\" : 122")
        .contains("\"name\" : \"Hot\"");
  }

  private static List<String> samples(
      Engine engine, String query, long start, long end, long step) {
    List<String> found = new ArrayList<>();
    try (QueryEngine queries = new QueryEngine(QueryEngine.Options.DEFAULT);
        Snapshot snapshot = engine.snapshot()) {
      QueryResult.Matrix matrix =
          (QueryResult.Matrix)
              queries.range(snapshot, "", query, start, end, step, QueryOptions.DEFAULT).value();
      for (QueryResult.Series series : matrix.series()) {
        for (int i = 0; i < series.size(); i++) {
          found.add(
              series.labels().without("__name__")
                  + " "
                  + series.times()[i]
                  + " "
                  + (series.histogram(i) == null ? series.values()[i] : series.histogram(i)));
        }
      }
    }
    return found;
  }

  @Test
  void warmsUpBeforeWhatItTells() throws Exception {
    List<String> later =
        List.of(
            "rules",
            "replay",
            rules.toString(),
            "--data-dir",
            data.toString(),
            "--format",
            "json",
            "--from",
            "2026-01-05T12:28:00Z",
            "--to",
            "2026-01-05T12:49:00Z");
    JsonNode cold = JSON.readTree(varve(later).out());
    assertThat(cold.at("/alerts/0/pendingSince").asText()).isEqualTo("2026-01-05T12:28:00Z");
    assertThat(cold.at("/alerts/0/firedAt").isNull()).isTrue();
    List<String> warmUp = new ArrayList<>(later);
    warmUp.addAll(List.of("--warm-up", "25m"));
    JsonNode warm = JSON.readTree(varve(warmUp).out());
    assertThat(warm.at("/alerts/0/pendingSince").asText()).isEqualTo("2026-01-05T12:10:00Z");
    assertThat(warm.at("/alerts/0/firedAt").asText()).isEqualTo("2026-01-05T12:15:00Z");
    assertThat(warm.at("/alerts/0/resolvedAt").asText()).isEqualTo("2026-01-05T12:30:00Z");
    for (int rule : new int[] {0, 1, 3}) {
      assertThat(warm.at("/rules/" + rule)).isEqualTo(cold.at("/rules/" + rule));
    }
    assertThat(warm.at("/rules/2/evaluations")).isEqualTo(cold.at("/rules/2/evaluations"));
    warmUp.set(warmUp.size() - 1, "10m"); // begins when it is pending
    assertThat(JSON.readTree(varve(warmUp).out()).at("/alerts/0/pendingSince").asText())
        .isEqualTo("2026-01-05T12:18:00Z");
  }

  @Test
  void leavesTheRetentionAsItIs() throws Exception {
    RetentionPolicy policy = new RetentionPolicy(20_000 * 86_400_000L, List.of());
    Engine.open(EngineConfig.defaults(data).withBackgroundThreads(false).withRetention(policy))
        .close();
    assertThat(replay("--write").exit()).isZero();
    EngineConfig asStored =
        EngineConfig.defaults(data).withBackgroundThreads(false).withStoredRetention();
    try (Engine engine = Engine.open(asStored)) {
      assertThat(engine.retention()).isEqualTo(policy);
      assertThat(samples(engine, "sum(c:max)", T + 5 * MINUTE, T + 5 * MINUTE, 1)).hasSize(1);
    }
  }

  @Test
  void comparesTwoVersions() throws Exception {
    Path older =
        Files.writeString(
            folder.resolve("older.yaml"),
            RULES
                .replace("for: 5m", "for: 15m")
                .replace("record: c:max", "record: c:most")
                .replace("sum by (job) (rate(c[5m]))", "sum by (job) (rate(c[5m])) * 2"));
    CommandResult result = replay("--compare", older.toString());
    assertThat(result.exit()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("alerts that fire: 1 new, 0 lost, 1 at other times, 0 the same")
        .contains("recorded series: 1 new, 1 lost, 2 with other samples, 2 the same");
    JsonNode json =
        JSON.readTree(replay("--compare", older.toString(), "--format", "json").out())
            .get("differences");
    assertThat(json.at("/newAlerts/0/pendingSince").asText()).isEqualTo("2026-01-05T12:50:00Z");
    assertThat(json.at("/movedAlerts/0/before/firedAt").asText()).isEqualTo("2026-01-05T12:25:00Z");
    assertThat(json.at("/movedAlerts/0/after/firedAt").asText()).isEqualTo("2026-01-05T12:15:00Z");
    assertThat(json.at("/series/0/labels/__name__").asText()).isEqualTo("c:max");
    assertThat(json.at("/series/0/kind").asText()).isEqualTo("new");
    assertThat(json.at("/series/1/kind").asText()).isEqualTo("lost");
    assertThat(json.at("/series/2/changed").asInt()).isEqualTo(61);
    assertThat(json.at("/series/2/first/before").asDouble()).isCloseTo(8, within(1e-9));
    assertThat(json.at("/series/2/first/after").asDouble()).isCloseTo(4, within(1e-9));
    CommandResult same = replay("--compare", rules.toString());
    assertThat(same.out())
        .contains("alerts that fire: 0 new, 0 lost, 0 at other times, 2 the same")
        .contains("recorded series: 0 new, 0 lost, 0 with other samples, 5 the same");
  }

  @Test
  void aServerTellsTheSameAsItsFolder() throws Exception {
    Files.writeString(
        rules,
        RULES
            + """
            - name: more
              rules:
              - record: total
                expr: (total or vector(0)) + on () sum(rate(c[5m])) / on () job:c:rate5m{job="j1"}
              - record: wide
                expr: c * on (job) group_left () job:c:rate5m
              - record: fails
                expr: c * on (job) c
              - record: hist
                expr: sum(h)
              - record: hist:quantile
                expr: histogram_quantile(0.5, hist)
            """);
    JsonNode ofFolder = JSON.readTree(replay("--format", "json").out());
    assertThat(ofFolder.at("/rules/4/samples").asInt()).isEqualTo(61);
    assertThat(ofFolder.at("/rules/6/failed").asInt()).isEqualTo(61);
    assertThat(ofFolder.at("/rules/8/samples").asInt()).isPositive();
    ServerConfig config =
        ServerConfig.defaults()
            .withListen(new Address("127.0.0.1", 0))
            .withDataDir(data)
            .withExternalLabels(Labels.of("cluster", "test"));
    try (Server server = new Server(config)) {
      server.recover();
      String url = "http://127.0.0.1:" + server.address().getPort();
      CommandResult read = overServer(url, "--format", "json");
      assertThat(JSON.readTree(read.out())).as(read.err()).isEqualTo(ofFolder);
      CommandResult written = overServer(url, "--format", "json", "--write");
      assertThat(written.err()).contains("failed 61 times of 61").doesNotContain("varve: the ");
      JsonNode report = JSON.readTree(written.out());
      assertThat(report.get("written").asBoolean()).isTrue();
      assertThat(report.get("rules")).isEqualTo(ofFolder.get("rules"));
    }
    List<String> ofServer;
    try (Engine engine = open()) {
      ofServer = samples(engine, MADE, T, T + 60 * MINUTE, MINUTE);
      assertThat(ofServer).hasSizeGreaterThan(400).noneMatch(line -> line.contains("cluster"));
      engine.delete("", List.of(new Matcher(Matcher.Type.RE, "__name__", NAMES)), TimeRange.ALL);
      assertThat(samples(engine, MADE, T, T + 60 * MINUTE, MINUTE)).isEmpty();
    }
    replay("--write");
    try (Engine engine = open()) {
      assertThat(samples(engine, MADE, T, T + 60 * MINUTE, MINUTE)).isEqualTo(ofServer);
    }
    CommandResult gone =
        varve(
            List.of(
                "rules",
                "replay",
                rules.toString(),
                "--from",
                "-1h",
                "--url",
                "http://127.0.0.1:1"));
    assertThat(gone.exit()).isEqualTo(1);
    assertThat(gone.err()).contains("nothing answers at http://127.0.0.1:1");
  }

  private static final String NAMES =
      "job:c:rate5m|share|ALERTS|ALERTS_FOR_STATE|c:max|total|wide|hist.*";
  private static final String MADE =
      "label_replace({__name__=~\"" + NAMES + "\"}, \"name\", \"$1\", \"__name__\", \"(.*)\")";

  private CommandResult overServer(String url, String... more) {
    List<String> arguments = new ArrayList<>(List.of("rules", "replay", rules.toString()));
    arguments.addAll(List.of("--url", url));
    arguments.addAll(Arrays.asList(RANGE));
    arguments.addAll(Arrays.asList(more));
    return varve(arguments);
  }

  @Test
  void saysWhatIsWrong() throws Exception {
    String file = rules.toString();
    String dir = data.toString();
    assertWrong("Say from when on: --from", "rules", "replay", file, "--data-dir", dir);
    assertWrong(
        "--from: \"yesterday\" is no time; give RFC 3339",
        "rules",
        "replay",
        file,
        "--data-dir",
        dir,
        "--from",
        "yesterday");
    assertWrong(
        "--to is before --from",
        "rules",
        "replay",
        file,
        "--data-dir",
        dir,
        "--from",
        "-1h",
        "--to",
        "-2h");
    assertWrong(
        "is no data folder",
        "rules",
        "replay",
        file,
        "--data-dir",
        folder.toString(),
        "--from",
        "-1h");
    assertWrong(
        "exclude each other",
        "rules",
        "replay",
        file,
        "--data-dir",
        dir,
        "--from",
        "-1h",
        "--write",
        "--compare",
        file);
    try (Engine engine = open()) {
      CommandResult used = replay();
      assertThat(used.exit()).isEqualTo(1);
      assertThat(used.err()).contains("is in use by another");
      assertThat(engine.stats()).isNotNull();
    }
    Files.writeString(rules, "groups:\n- name: g\n  rules:\n  - record: x\n    expr: 1 +\n");
    CommandResult broken = replay();
    assertThat(broken.exit()).isEqualTo(1);
    assertThat(broken.err()).contains("rules.yaml: ").contains("could not parse expression");
    Files.writeString(
        rules,
        """
        groups:
        - name: g
          rules:
          - record: x
            expr: c * on (job) c
          - record: y
            expr: c
        """);
    CommandResult failing = replay();
    assertThat(failing.exit()).isEqualTo(1);
    assertThat(failing.err())
        .contains("group \"g\", rule 1, \"x\" failed 61 times of 61, first at 2026-01-05T12:00:00Z")
        .contains("many-to-many");
    assertThat(failing.out()).containsPattern("y +recording +4 +244 +61 +0");
  }

  @Test
  void groupsOfOtherTenantsAreLeftOut() throws Exception {
    try (Engine engine = open()) {
      WriteBatch batch = new WriteBatch();
      batch.tenant = "acme";
      batch.add(Labels.of("__name__", "theirs"), T, 1);
      engine.append(batch, WriteMode.PARTIAL);
      engine.flush();
    }
    Files.writeString(
        rules,
        """
        groups:
        - {name: any, rules: [{record: x, expr: vector(1)}]}
        - {name: acme, tenant: acme, rules: [{record: y, expr: theirs}]}
        - {name: beta, tenant: beta, rules: [{record: z, expr: theirs}]}
        """);
    CommandResult none = replay();
    assertThat(none.exit()).isZero();
    assertThat(none.err())
        .contains("rules.yaml: left out 2 groups of other tenants (--tenant acme, beta)");
    assertThat(none.out()).contains("any").doesNotContain("acme", "beta");
    JsonNode acme = JSON.readTree(replay("--tenant", "acme", "--format", "json").out());
    assertThat(acme.get("rules")).hasSize(2);
    assertThat(acme.at("/rules/1/group").asText()).isEqualTo("acme");
    assertThat(acme.at("/rules/1/samples").asInt()).isPositive();
    Files.writeString(rules, "groups: [{name: g}]\n");
    assertThat(replay().err()).contains("rules.yaml: there are no rules in it");
    CommandResult folder = varve(List.of("rules", "replay", data.toString(), "--from", "-1h"));
    assertThat(folder.exit()).isEqualTo(1);
    assertThat(folder.err().strip()).isEqualTo("varve: " + data + ": a folder, not a file");
    CommandResult unknown = varve(List.of("rules", "replay", rules.toString(), "--form"));
    assertThat(unknown.exit()).isEqualTo(2);
    assertThat(unknown.err().lines()).hasSizeLessThan(5);
    assertThat(unknown.err()).contains("--format", "varve rules replay --help");
  }

  private static void assertWrong(String message, String... arguments) {
    CommandResult result = varve(Arrays.asList(arguments));
    assertThat(result.err()).contains(message);
    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
  }
}
