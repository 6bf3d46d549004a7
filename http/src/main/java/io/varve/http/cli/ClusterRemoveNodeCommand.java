package io.varve.http.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve cluster remove-node}: takes a node out. */
@Command(
    name = "remove-node",
    description = {
      "Takes a node out of a cluster: it counts for no majority any more, and nobody asks it. Stop"
          + " it afterwards; it may be gone already. At least three nodes stay.",
      "The nodes need http.admin_api."
    },
    mixinStandardHelpOptions = true)
final class ClusterRemoveNodeCommand implements Callable<Integer> {
  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Any node that stays; ${DEFAULT-VALUE} by default.")
  private String url = "http://127.0.0.1:9201";

  @Parameters(paramLabel = "NODE", description = "Its id.")
  private String id = "";

  @Override
  public Integer call() throws IOException {
    new AdminTarget(url).delete("/api/v1/admin/cluster/nodes", id);
    System.out.println("node " + id + " is none of the cluster any more: stop it");
    return 0;
  }
}
