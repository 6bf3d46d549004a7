package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve cluster add-node}: lets another node join. */
@Command(
    name = "add-node",
    description = {
      "Lets another node join a cluster that runs. Start it with an empty folder and a"
          + " configuration that lists it among the peers, before or after: it takes what it lacks"
          + " from the others, and votes when it has caught up. `varve cluster status` shows how"
          + " far it is.",
      "To replace a node, add the new one first, then remove the old one.",
      "The nodes need http.admin_api."
    },
    mixinStandardHelpOptions = true)
final class ClusterAddNodeCommand implements Callable<Integer> {
  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Any node of the cluster; ${DEFAULT-VALUE} by default.")
  private String url = "http://127.0.0.1:9201";

  @Option(
      names = "--http",
      paramLabel = "HOST:PORT",
      required = true,
      description = "Where the other nodes reach it.")
  private String http = "";

  @Option(
      names = "--raft",
      paramLabel = "HOST:PORT",
      required = true,
      description = "Where it takes the replicated log's connections.")
  private String raft = "";

  @Parameters(paramLabel = "NODE", description = "Its id.")
  private String id = "";

  @Override
  public Integer call() throws IOException {
    JsonNode added =
        new AdminTarget(url)
            .post("/api/v1/admin/cluster/nodes", Map.of("id", id, "http", http, "raft", raft));
    System.out.println(
        "node "
            + id
            + (added.path("known").asBoolean()
                ? " is one of the cluster already"
                : " may join; it votes when it has caught up"));
    return 0;
  }
}
