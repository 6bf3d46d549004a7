package io.varve.bench.peers;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The times of queries as a Markdown table, and as rows for JSON. */
final class QueryTable {
  private static final double LEAST_CPU_MILLIS = 0.01;

  private QueryTable() {}

  /** Prints a table: a row per query, a column per store, ratios of Varve to each other store. */
  static void print(
      List<Peer> peers, Map<BenchQuery, Map<Peer, QueryTimes>> table, PrintStream to) {
    StringBuilder out = new StringBuilder("| kind | query | series |");
    peers.forEach(peer -> out.append(' ').append(peer.program()).append(" |"));
    List<Peer> others =
        peers.contains(Peer.VARVE)
            ? peers.stream().filter(p -> p != Peer.VARVE).toList()
            : List.<Peer>of();
    others.forEach(peer -> out.append(" / ").append(peer.program()).append(" |"));
    out.append("\n|---|---|--:|").append("--:|".repeat(peers.size() + others.size())).append('\n');
    table.forEach(
        (query, row) -> {
          String text = query.text().replace("|", "\\|");
          out.append("| ").append(query.group()).append(" | `").append(text).append("` | ");
          out.append(row.values().stream().mapToInt(QueryTimes::series).findFirst().orElse(0));
          out.append(" |");
          for (Peer peer : peers) {
            QueryTimes t = row.get(peer);
            out.append(
                t == null
                    ? " – |"
                    : String.format(
                        Locale.ROOT,
                        " %.1f / %.2f / %.1f / %.1f |",
                        t.firstMillis(),
                        t.median(),
                        t.p99(),
                        t.cpuMillis()));
          }
          QueryTimes varve = row.get(Peer.VARVE);
          for (Peer peer : others) {
            QueryTimes other = row.get(peer);
            out.append(
                varve == null || other == null
                    ? " – |"
                    : String.format(
                        Locale.ROOT,
                        " %.2f (%.2f) |",
                        varve.median() / other.median(),
                        varve.cpuMillis() / Math.max(LEAST_CPU_MILLIS, other.cpuMillis())));
          }
          out.append('\n');
        });
    out.append("\nCells: first / median / p99 / server CPU per run, ms; ratios: median (CPU).");
    to.println(out);
  }

  /** What JSON says of a query. */
  record Row(String group, String query, Map<String, Times> stores) {}

  /** What JSON says of a query in one store, in milliseconds. */
  record Times(double first, double median, double p99, double cpu, int series) {
    static Times of(QueryTimes t) {
      return new Times(t.firstMillis(), t.median(), t.p99(), t.cpuMillis(), t.series());
    }
  }

  /** Rows for JSON. */
  static List<Row> rows(Map<BenchQuery, Map<Peer, QueryTimes>> table) {
    List<Row> rows = new ArrayList<>();
    table.forEach(
        (query, row) -> {
          Map<String, Times> stores = new LinkedHashMap<>();
          row.forEach((peer, times) -> stores.put(peer.program(), Times.of(times)));
          rows.add(new Row(query.group(), query.text(), stores));
        });
    return rows;
  }
}
