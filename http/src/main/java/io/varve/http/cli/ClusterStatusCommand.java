package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code varve cluster status}: how the nodes of a cluster stand. */
@Command(
    name = "status",
    description = {
      "Tells how all nodes of a cluster stand, as one of them knows it.",
      "Exits with 1 if a node is missing, a shard has no leader, or a replica is too far behind."
    },
    mixinStandardHelpOptions = true)
final class ClusterStatusCommand implements Callable<Integer> {
  private static final long LONG_SPOOLED_MILLIS = 30_000;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Any node; ${DEFAULT-VALUE} by default.")
  private String url = "http://127.0.0.1:9201";

  @Override
  public Integer call() throws IOException {
    JsonNode status = new AdminTarget(url).get("/api/v1/cluster/status");
    List<String> problems = print(status);
    problems.forEach(problem -> System.out.println("PROBLEM: " + problem));
    return problems.isEmpty() ? 0 : Failures.FAILED;
  }

  private static List<String> print(JsonNode status) {
    List<String> problems = new ArrayList<>();
    System.out.printf(
        Locale.ROOT,
        "cluster %s, replication %s, asked at node %s%n%n",
        status.path("name").asText(),
        status.path("replication").asText(),
        status.path("self").asText());
    TextTable nodes =
        new TextTable("NODE", "HTTP", "HEALTH", "VERSION", "FILES", "FILE BYTES", "SPOOL BYTES");
    TextTable shards =
        new TextTable(
            "SHARD",
            "NODE",
            "ROLE",
            "STATE",
            "TERM",
            "APPENDED",
            "COMMITTED",
            "APPLIED",
            "SAVED",
            "LAG",
            "LAG BYTES",
            "LOG BYTES");
    boolean hasLeader = false;
    for (JsonNode node : status.path("nodes")) {
      String id = node.path("id").asText();
      JsonNode report = node.path("report");
      boolean reachable = node.path("reachable").asBoolean();
      nodes.row(
          id,
          node.path("http").asText(),
          reachable ? health(report) : "unreachable",
          report.path("version").asText("-"),
          number(report.path("files")),
          number(report.path("fileBytes")),
          number(report.path("spool").path("bytes")));
      if (!reachable) {
        long millis = node.path("contactMillis").asLong(-1);
        problems.add(
            "node "
                + id
                + " "
                + node.path("problem").asText()
                + (millis < 0 ? "" : "; it was heard of " + seconds(millis) + " ago"));
        continue;
      }
      String stopped = report.path("stopped").asText("");
      if (report.path("stopped").isTextual() && !stopped.isEmpty()) {
        problems.add("node " + id + " takes no writes: " + stopped);
      }
      for (JsonNode name : report.path("differing")) {
        problems.add(
            "the configuration of node "
                + id
                + " has other "
                + name.asText()
                + " than the cluster: make its files the same"
                + (name.asText().equals("nodes") ? "" : ", or reload it to have all take its own"));
      }
      spool(id, report.path("spool"), problems);
      for (JsonNode shard : report.path("shards")) {
        hasLeader |= shard.path("role").asText().equals("leader");
        row(shards, id, shard, lagBytes(status, id, shard.path("shard").asInt()));
        problem(id, shard, status.path("maxLagMillis").asLong(), problems);
      }
    }
    nodes.print(System.out);
    System.out.println();
    shards.print(System.out);
    if (!hasLeader) {
      problems.add("no node leads: nothing can be written");
    }
    return problems;
  }

  private static void spool(String id, JsonNode spool, List<String> problems) {
    long oldest = spool.path("oldestMillis").asLong();
    if (oldest > LONG_SPOOLED_MILLIS) {
      problems.add(
          "node "
              + id
              + " has writes that the cluster has not taken for "
              + seconds(oldest)
              + ", "
              + number(spool.path("bytes"))
              + " bytes of at most "
              + number(spool.path("maxBytes")));
    }
    if (spool.path("lostRequests").asLong() > 0) {
      problems.add(
          "node "
              + id
              + " has lost "
              + number(spool.path("lostRequests"))
              + " acknowledged writes: its spool was damaged");
    }
  }

  private static String health(JsonNode report) {
    String availability = report.path("availability").asText();
    return availability.equals("ready") && !report.path("ready").asBoolean()
        ? "not ready"
        : availability;
  }

  /** What the leader, which alone knows, says of a replica. */
  private static JsonNode lagBytes(JsonNode status, String id, int shard) {
    for (JsonNode node : status.path("nodes")) {
      for (JsonNode of : node.path("report").path("shards")) {
        for (JsonNode replica : of.path("replicas")) {
          if (of.path("shard").asInt() == shard && replica.path("node").asText().equals(id)) {
            return replica.path("lagBytes");
          }
        }
      }
    }
    return MissingNode.getInstance();
  }

  private static void row(TextTable table, String node, JsonNode shard, JsonNode lagBytes) {
    table.row(
        shard.path("shard").asText(),
        node,
        shard.path("role").asText(),
        state(shard),
        number(shard.path("term")),
        number(shard.path("appended")),
        number(shard.path("committed")),
        number(shard.path("applied")),
        number(shard.path("saved")),
        shard.path("lagMillis").isNull() ? "?" : seconds(shard.path("lagMillis").asLong()),
        number(lagBytes),
        number(shard.path("logBytes")));
  }

  private static String state(JsonNode shard) {
    String state = shard.path("state").asText();
    long total = shard.path("totalBytes").asLong();
    return total == 0 ? state : state + " " + 100 * shard.path("doneBytes").asLong() / total + " %";
  }

  private static void problem(String id, JsonNode shard, long maxLag, List<String> problems) {
    String of = "shard " + shard.path("shard").asText() + " of node " + id;
    String state = shard.path("state").asText();
    if (!state.equals("leading") && !state.equals("following")) {
      String cause = shard.path("cause").asText("");
      problems.add(of + " is " + state(shard) + (cause.isEmpty() ? "" : ": " + cause));
    } else if (shard.path("lagMillis").asLong(Long.MAX_VALUE) > maxLag) {
      problems.add(of + " is too far behind");
    }
  }

  private static String number(JsonNode value) {
    return value.isNumber() ? String.format(Locale.ROOT, "%,d", value.asLong()) : "-";
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1fs", millis / 1e3);
  }
}
