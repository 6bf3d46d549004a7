package io.varve.bench.peers;

import java.util.List;
import picocli.CommandLine.Option;

/** The option that names the stores to compare. */
final class StoresOption {
  @Option(
      names = "--stores",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "varve,victoria-metrics,prometheus",
      description = "The stores (default: ${DEFAULT-VALUE}).")
  private List<String> names = List.of();

  /** For picocli. */
  StoresOption() {}

  /** Those that are installed; what is left out is told. */
  List<Peer> present() {
    return Peer.present(names);
  }
}
