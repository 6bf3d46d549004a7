package io.varve.bench.peers;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * A report as a picture: a bar per figure and per query, as a ratio to VictoriaMetrics on a
 * logarithmic scale, and a mark where the ratio must not go beyond. SVG 1.1, written as XML: text
 * is laid out by whoever shows it, so no font and no display is needed where it is made.
 */
final class RatioChart {
  private static final int WIDTH = 1080;
  private static final int LABELS = 560;
  private static final int PLOT = 400;
  private static final int ROW = 22;
  private static final int BAR = 14;
  private static final int TOP = 76;
  private static final int GROUP = 30;
  private static final int MOST_TEXT = 84;
  private static final double[] TICKS = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};
  private static final String MET = "#2e7d4f";
  private static final String MISSED = "#c0392b";
  private static final String NEUTRAL = "#6b7fa3";
  private static final String INK = "#222222";

  private final XMLStreamWriter xml;
  private final double least;
  private final double most;

  /** A bar of the chart; the limit is NaN if it is held to none. */
  private record Row(String text, double ratio, double limit, boolean atLeast) {
    String color() {
      if (Double.isNaN(limit)) {
        return NEUTRAL;
      }
      return (atLeast ? ratio >= limit : ratio <= limit) ? MET : MISSED;
    }
  }

  private RatioChart(XMLStreamWriter xml, double least, double most) {
    this.xml = xml;
    this.least = least;
    this.most = most;
  }

  /**
   * Writes a chart.
   *
   * @return false if there is nothing to compare, and so no file
   */
  static boolean write(PeerReport report, Path file) throws IOException {
    List<Row> figures = figures(report);
    List<Row> queries = queries(report);
    if (figures.isEmpty() && queries.isEmpty()) {
      return false;
    }
    double least = 0.3;
    double most = 3;
    for (List<Row> rows : List.of(figures, queries)) {
      for (Row row : rows) {
        least = Math.min(least, row.ratio * 0.8);
        most = Math.max(most, row.ratio * 1.25);
        if (!Double.isNaN(row.limit)) {
          least = Math.min(least, row.limit * 0.8);
          most = Math.max(most, row.limit * 1.25);
        }
      }
    }
    try (OutputStream out = Files.newOutputStream(file)) {
      XMLStreamWriter xml =
          XMLOutputFactory.newFactory().createXMLStreamWriter(out, StandardCharsets.UTF_8.name());
      new RatioChart(xml, Math.max(least, 1e-4), Math.min(most, 1e4))
          .chart(title(report), figures, queries);
      xml.close();
    } catch (XMLStreamException e) {
      throw new IOException(e);
    }
    return true;
  }

  private static String title(PeerReport report) {
    return String.format(
        Locale.ROOT,
        "%s: %,d series, %,d samples, median of %d round(s)",
        report.workload(),
        report.series(),
        report.samples(),
        report.rounds());
  }

  private static List<Row> figures(PeerReport report) {
    Map<String, PeerReport.Store> stores = new HashMap<>();
    report.stores().forEach(store -> stores.put(store.name(), store));
    PeerReport.Store varve = stores.get(Peer.VARVE.program());
    PeerReport.Store victoria = stores.get(Peer.VICTORIA_METRICS.program());
    List<Row> rows = new ArrayList<>();
    if (varve == null || victoria == null) {
      return rows;
    }
    Map<String, Bar> bars = bars(report);
    for (Figure figure : Figure.values()) {
      double ratio = varve.median(figure) / victoria.median(figure);
      if (!Double.isFinite(ratio) || ratio <= 0) {
        continue;
      }
      Bar bar = figure == Figure.RESTART ? null : bars.get(figure.title());
      rows.add(
          bar == null
              ? new Row(figure.title(), ratio, Double.NaN, false)
              : new Row(figure.title(), ratio, bar.limit(), bar.atLeast()));
    }
    return rows;
  }

  private static List<Row> queries(PeerReport report) {
    Map<String, Bar> bars = bars(report);
    List<Row> rows = new ArrayList<>();
    for (PeerReport.QueryRow query : report.queries()) {
      Bar bar = bars.get(query.query());
      if (bar != null && bar.value() > 0) {
        rows.add(new Row(query.query(), bar.value(), bar.limit(), false));
      }
    }
    Bar mean = bars.get("queries, geometric mean");
    if (mean != null) {
      rows.add(new Row(mean.what(), mean.value(), mean.limit(), false));
    }
    return rows;
  }

  private static Map<String, Bar> bars(PeerReport report) {
    Map<String, Bar> bars = new HashMap<>();
    report.bars().forEach(bar -> bars.put(bar.what(), bar));
    return bars;
  }

  private void chart(String title, List<Row> figures, List<Row> queries) throws XMLStreamException {
    int rows = figures.size() + queries.size();
    int groups = (figures.isEmpty() ? 0 : 1) + (queries.isEmpty() ? 0 : 1);
    int height = TOP + rows * ROW + groups * GROUP + 24;
    xml.writeStartDocument("UTF-8", "1.0");
    xml.writeStartElement("svg");
    xml.writeDefaultNamespace("http://www.w3.org/2000/svg");
    attributes("width", WIDTH, "height", height, "viewBox", "0 0 " + WIDTH + " " + height);
    attributes("font-family", "Helvetica, Arial, sans-serif", "font-size", 12, "role", "img");
    element("title", title);
    xml.writeEmptyElement("rect");
    attributes("width", WIDTH, "height", height, "fill", "#ffffff");
    text(16, 26, title, "start", 16, INK);
    text(
        16,
        46,
        "Varve as a ratio to VictoriaMetrics (log scale). Black mark: the bar; green: met, red:"
            + " missed, blue: no bar.",
        "start",
        12,
        "#555555");
    axis(height);
    int y = TOP;
    y = group("Figures", figures, y);
    group("Queries, median time", queries, y);
    xml.writeEndElement();
    xml.writeEndDocument();
  }

  private void axis(int height) throws XMLStreamException {
    for (double tick : TICKS) {
      if (tick < least || tick > most) {
        continue;
      }
      boolean one = tick == 1;
      line(x(tick), TOP - 6, x(tick), height - 16, one ? "#444444" : "#dddddd", one ? 1.5 : 1);
      text(x(tick), TOP - 10, number(tick), "middle", 11, "#555555");
    }
  }

  private int group(String name, List<Row> rows, int top) throws XMLStreamException {
    if (rows.isEmpty()) {
      return top;
    }
    text(16, top + 20, name, "start", 13, INK);
    int y = top + GROUP;
    for (Row row : rows) {
      row(row, y);
      y += ROW;
    }
    return y;
  }

  private void row(Row row, int y) throws XMLStreamException {
    double from = Math.min(x(1), x(row.ratio));
    double to = Math.max(x(1), x(row.ratio));
    int middle = y + BAR / 2;
    text(LABELS - 10, middle + 4, shortened(row.text), "end", 11, INK);
    xml.writeStartElement("rect");
    attributes("x", number(from), "y", y, "width", number(Math.max(1, to - from)), "height", BAR);
    attributes("fill", row.color());
    element("title", row.text + ": " + number(row.ratio));
    xml.writeEndElement();
    if (!Double.isNaN(row.limit)) {
      line(x(row.limit), y - 3, x(row.limit), y + BAR + 3, "#000000", 2.5);
    }
    text(WIDTH - 16, middle + 4, number(row.ratio) + limit(row), "end", 11, row.color());
  }

  private static String limit(Row row) {
    return Double.isNaN(row.limit)
        ? ""
        : " (" + (row.atLeast ? "≥ " : "≤ ") + number(row.limit) + ")";
  }

  private static String shortened(String text) {
    return text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT - 1) + "…";
  }

  private double x(double ratio) {
    double within = Math.min(most, Math.max(least, ratio));
    return LABELS + PLOT * Math.log(within / least) / Math.log(most / least);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value >= 100 ? "%.0f" : "%.2f", value);
  }

  private void line(double x1, double y1, double x2, double y2, String color, double width)
      throws XMLStreamException {
    xml.writeEmptyElement("line");
    attributes("x1", number(x1), "y1", number(y1), "x2", number(x2), "y2", number(y2));
    attributes("stroke", color, "stroke-width", number(width));
  }

  private void text(double x, double y, String text, String anchor, int size, String color)
      throws XMLStreamException {
    xml.writeStartElement("text");
    attributes("x", number(x), "y", number(y), "text-anchor", anchor);
    attributes("font-size", size, "fill", color);
    xml.writeCharacters(text);
    xml.writeEndElement();
  }

  private void element(String name, String text) throws XMLStreamException {
    xml.writeStartElement(name);
    xml.writeCharacters(text);
    xml.writeEndElement();
  }

  private void attributes(Object... namesAndValues) throws XMLStreamException {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      xml.writeAttribute((String) namesAndValues[i], namesAndValues[i + 1].toString());
    }
  }
}
