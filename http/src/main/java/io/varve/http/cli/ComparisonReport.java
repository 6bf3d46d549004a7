package io.varve.http.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.varve.http.replay.Comparison;
import io.varve.http.replay.Comparison.FiringDifferences;
import io.varve.http.replay.Comparison.SeriesDifference;
import io.varve.http.replay.Firing;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/** How two versions of rules differ, for people and for programs. */
final class ComparisonReport {
  /** Series that a table lists; JSON has all. */
  private static final int MOST_SERIES = 50;

  private final ReplayReport before;
  private final ReplayReport after;
  private final List<SeriesDifference> series;
  private final int sameSeries;
  private final FiringDifferences alerts;

  ComparisonReport(ReplayReport before, ReplayReport after, Comparison comparison) {
    this.before = before;
    this.after = after;
    series = comparison.series();
    sameSeries = comparison.sameSeries();
    alerts = Comparison.firings(before.firings(), after.firings());
  }

  void table(PrintStream out) {
    TextTable firings =
        new TextTable("", "ALERT", "PENDING SINCE", "FIRED AT", "RESOLVED AT", "LABELS");
    alerts.added().forEach(f -> row(firings, "new", f));
    alerts.lost().forEach(f -> row(firings, "lost", f));
    for (Comparison.Moved moved : alerts.moved()) {
      row(firings, "was", moved.before());
      row(firings, "  now", moved.after());
    }
    if (!firings.isEmpty()) {
      firings.print(out);
      out.println();
    }
    out.printf(
        "alerts that fire: %d new, %d lost, %d at other times, %d the same%n",
        alerts.added().size(), alerts.lost().size(), alerts.moved().size(), alerts.same());
    TextTable table =
        new TextTable("", "SERIES", "CHANGED", "MISSING", "ADDED", "FIRST AT", "WAS", "NOW");
    series.stream()
        .limit(MOST_SERIES)
        .forEach(
            d ->
                table.row(
                    kind(d),
                    d.labels().toString(),
                    String.valueOf(d.changed()),
                    String.valueOf(d.missing()),
                    String.valueOf(d.added()),
                    ReplayReport.time(d.firstMillis()),
                    d.firstBefore(),
                    d.firstAfter()));
    if (!table.isEmpty()) {
      out.println();
      table.print(out);
      if (series.size() > MOST_SERIES) {
        out.println("and " + (series.size() - MOST_SERIES) + " more, which --format json has");
      }
      out.println();
    }
    out.printf(
        "recorded series: %d new, %d lost, %d with other samples, %d the same%n",
        series.stream().filter(SeriesDifference::isNew).count(),
        series.stream().filter(SeriesDifference::isLost).count(),
        series.stream().filter(d -> !d.isNew() && !d.isLost()).count(),
        sameSeries);
  }

  private static void row(TextTable table, String kind, Firing f) {
    table.row(
        kind,
        f.alert(),
        ReplayReport.time(f.activeMillis()),
        ReplayReport.time(f.firedMillis()),
        ReplayReport.time(f.endMillis()),
        f.labels().without("alertname").toString());
  }

  private static String kind(SeriesDifference d) {
    return d.isNew() ? "new" : d.isLost() ? "lost" : "changed";
  }

  void json(PrintStream out) throws IOException {
    ObjectNode top = ReplayReport.JSON.createObjectNode();
    top.set("before", before.json());
    top.set("after", after.json());
    ObjectNode differences = top.putObject("differences");
    ArrayNode added = differences.putArray("newAlerts");
    alerts.added().forEach(f -> added.add(ReplayReport.json(f)));
    ArrayNode lost = differences.putArray("lostAlerts");
    alerts.lost().forEach(f -> lost.add(ReplayReport.json(f)));
    ArrayNode moved = differences.putArray("movedAlerts");
    for (Comparison.Moved m : alerts.moved()) {
      ObjectNode node = moved.addObject();
      node.set("before", ReplayReport.json(m.before()));
      node.set("after", ReplayReport.json(m.after()));
    }
    differences.put("sameAlerts", alerts.same());
    ArrayNode list = differences.putArray("series");
    for (SeriesDifference d : series) {
      ObjectNode node = list.addObject();
      node.put("kind", kind(d));
      node.set("labels", ReplayReport.json(d.labels()));
      node.put("samplesBefore", d.before());
      node.put("samplesAfter", d.after());
      node.put("changed", d.changed());
      node.put("missing", d.missing());
      node.put("added", d.added());
      ObjectNode first = node.putObject("first");
      first.put("time", ReplayReport.time(d.firstMillis()));
      first.put("before", d.firstBefore());
      first.put("after", d.firstAfter());
    }
    differences.put("sameSeries", sameSeries);
    ReplayReport.print(top, out);
  }
}
