package io.varve.http.cli;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve cluster transfer}: has another node lead. */
@Command(
    name = "transfer",
    description = {
      "Hands the lead over to a node, and waits until it leads; nothing is lost. Before a node is"
          + " stopped, this spares writers the election.",
      "The nodes need http.admin_api."
    },
    mixinStandardHelpOptions = true)
final class ClusterTransferCommand implements Callable<Integer> {
  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Any node; ${DEFAULT-VALUE} by default.")
  private String url = "http://127.0.0.1:9201";

  @Option(names = "--shard", paramLabel = "N", description = "${DEFAULT-VALUE} by default.")
  private int shard;

  @Parameters(paramLabel = "NODE", description = "Which node is to lead.")
  private String to = "";

  @Override
  public Integer call() throws IOException {
    new AdminTarget(url)
        .post("/api/v1/admin/cluster/transfer", Map.of("shard", Integer.toString(shard), "to", to));
    System.out.println("node " + to + " leads shard " + shard);
    return 0;
  }
}
