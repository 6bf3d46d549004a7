package io.varve.bench.peers;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** A report as text: Markdown tables, which are readable as they are. */
final class ReportTable {
  private static final String VARVE = Peer.VARVE.program();

  private final PeerReport report;
  private final PrintStream out;
  private final List<PeerReport.Store> others; // that Varve is compared with

  private ReportTable(PeerReport report, PrintStream out) {
    this.report = report;
    this.out = out;
    boolean compared = report.stores().stream().anyMatch(s -> s.name().equals(VARVE));
    others =
        compared
            ? report.stores().stream().filter(s -> !s.name().equals(VARVE)).toList()
            : List.of();
  }

  /** Prints all tables. */
  static void print(PeerReport report, PrintStream out) {
    ReportTable table = new ReportTable(report, out);
    out.printf(
        Locale.ROOT,
        "%s: %,d series, %,d samples, remote write %s, %.1f bytes per sample sent; median of %d"
            + " round(s); %d cores%n%n",
        report.workload(),
        report.series(),
        report.samples(),
        report.protocol().equals("V1") ? "1.0" : "2.0",
        report.requestBytes(),
        report.rounds(),
        report.machine().cores());
    table.figures();
    table.queries();
    table.bars();
    report.remarks().forEach(line -> out.println("\nRemark: " + line));
  }

  private void heading(String first) {
    out.print("| " + first + " |");
    for (PeerReport.Store store : report.stores()) {
      out.print(" " + (store.name() + " " + store.version()).trim() + " |");
    }
    others.forEach(other -> out.print(" / " + other.name() + " |"));
    out.println();
  }

  private void figures() {
    heading(report.workload());
    out.println("|---|" + "--:|".repeat(report.stores().size() + others.size()));
    for (Figure figure : Figure.values()) {
      if (report.stores().stream().allMatch(s -> Double.isNaN(s.median(figure)))) {
        continue;
      }
      out.print("| " + figure.title() + " |");
      report.stores().forEach(s -> out.print(" " + figure.text(s.median(figure)) + " |"));
      for (PeerReport.Store other : others) {
        out.print(" " + ratio(varve().median(figure) / other.median(figure)) + " |");
      }
      out.println();
    }
    for (PeerReport.Store store : report.stores()) {
      long refusals = store.rounds().stream().mapToLong(Trial::refusals).sum();
      if (refusals > 0) {
        out.printf("%n%s refused %d requests for a while.%n", store.name(), refusals);
      }
    }
  }

  private PeerReport.Store varve() {
    return report.stores().stream().filter(s -> s.name().equals(VARVE)).findFirst().orElseThrow();
  }

  private static String ratio(double ratio) {
    return Double.isFinite(ratio) ? String.format(Locale.ROOT, "%.2f", ratio) : "–";
  }

  private void queries() {
    if (report.queries().isEmpty()) {
      return;
    }
    out.println("\nQueries after the restart: first / median / p99 / server CPU, ms.\n");
    heading("kind | query");
    out.println("|---|---|" + "--:|".repeat(report.stores().size() + others.size()));
    for (PeerReport.QueryRow query : report.queries()) {
      out.printf("| %s | `%s` |", query.group(), query.query().replace("|", "\\|"));
      for (PeerReport.Store store : report.stores()) {
        QueryTable.Times t = query.stores().get(store.name());
        out.print(
            t == null
                ? " – |"
                : String.format(
                    Locale.ROOT,
                    " %.1f / %.2f / %.1f / %.1f |",
                    t.first(),
                    t.median(),
                    t.p99(),
                    t.cpu()));
      }
      QueryTable.Times varve = query.stores().get(VARVE);
      for (PeerReport.Store other : others) {
        QueryTable.Times t = query.stores().get(other.name());
        out.print(
            varve == null || t == null ? " – |" : " " + ratio(varve.median() / t.median()) + " |");
      }
      out.println();
    }
  }

  private void bars() {
    if (report.bars().isEmpty()) {
      return;
    }
    out.println("\nBars (ratios to victoria-metrics, unless they have a unit).\n");
    out.println("| what | is | bar | |");
    out.println("|---|--:|--:|---|");
    for (Bar bar : report.bars()) {
      out.printf(
          Locale.ROOT,
          "| %s | %.2f | %s %.2f | %s |%n",
          bar.what().replace("|", "\\|"),
          bar.value(),
          bar.atLeast() ? "≥" : "≤",
          bar.limit(),
          bar.passed() ? "passed" : "MISSED");
    }
  }
}
