package io.varve.bench.aggregates;

import io.varve.engine.Engine;
import io.varve.engine.Snapshot;
import io.varve.query.QueryEngine;
import io.varve.query.QueryLimits;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Asks questions in four modes, compares the answers and prints how long each took. */
final class Modes implements AutoCloseable {
  private static final double TOLERANCE = 1e-9;

  private final Engine engine;
  private final int runs;
  private final QueryEngine queries = new QueryEngine(QueryEngine.Options.DEFAULT);

  Modes(Engine engine, int runs) {
    this.engine = engine;
    this.runs = runs;
  }

  /**
   * A question.
   *
   * @param stepSeconds 0 for an instant query, whose start is its end
   */
  record Question(String text, long startSeconds, long endSeconds, long stepSeconds) {
    static Question at(String text, long seconds) {
      return new Question(text, seconds, seconds, 0);
    }

    static Question over(String text, long startSeconds, long endSeconds, long stepSeconds) {
      return new Question(text, startSeconds, endSeconds, stepSeconds);
    }

    @Override
    public String toString() {
      boolean aligned = startSeconds % 300 == 0;
      return text
          + (stepSeconds == 0 ? "" : " each " + stepSeconds + " s")
          + (aligned ? "" : ", shifted");
    }
  }

  private enum Mode {
    SAMPLES(false, false, false),
    BLOCKS(true, false, false),
    CELLS(true, true, false),
    GROUPED(true, true, true);

    final boolean blocks;
    final boolean cells;
    final boolean grouped;

    Mode(boolean blocks, boolean cells, boolean grouped) {
      this.blocks = blocks;
      this.cells = cells;
      this.grouped = grouped;
    }
  }

  /** What a mode took, in seconds, and what it answered. */
  private record Taken(
      double first, double median, double cpu, QueryResult result, boolean isGrouped) {}

  /** True if all answers are the same in all modes. */
  boolean compare(List<Question> questions) {
    System.out.println(
        "| query | samples: median s (CPU) | blocks: s (CPU) | ratio | cells: first s | s (CPU) |"
            + " ratio | grouped: first s | s (CPU) | ratio |");
    System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    boolean same = true;
    for (Question question : questions) {
      Taken samples = ask(question, Mode.SAMPLES, 1);
      Taken blocks = ask(question, Mode.BLOCKS, runs);
      Taken cells = ask(question, Mode.CELLS, runs);
      Taken grouped = ask(question, Mode.GROUPED, runs);
      boolean answers = grouped.isGrouped;
      System.out.printf(
          Locale.ROOT,
          "| %s | %.3f (%.3f) | %.4f (%.4f) | %.1f | %.4f | %.4f (%.4f) | **%.1f** | %s |%n",
          question,
          samples.median,
          samples.cpu,
          blocks.median,
          blocks.cpu,
          samples.median / blocks.median,
          cells.first,
          cells.median,
          cells.cpu,
          samples.median / cells.median,
          answers
              ? String.format(
                  Locale.ROOT,
                  "%.4f | %.4f (%.4f) | **%.1f**",
                  grouped.first,
                  grouped.median,
                  grouped.cpu,
                  samples.median / grouped.median)
              : "- | - | -");
      same &= isSame(question, samples.result, blocks.result, "blocks");
      same &= isSame(question, samples.result, cells.result, "cells");
      same &= isSame(question, samples.result, grouped.result, "grouped aggregates");
    }
    return same;
  }

  private Taken ask(Question question, Mode mode, int times) {
    double[] seconds = new double[times];
    double[] cpu = new double[times];
    double first = 0;
    long tables = engine.aggregateStats().grouped().read();
    QueryResult result = null;
    for (int run = -1; run < times; run++) {
      long cpuBefore = cpuNanos();
      long begin = System.nanoTime();
      try (Snapshot snapshot = engine.snapshot()) {
        result = ask(question, mode, snapshot);
      }
      double took = (System.nanoTime() - begin) / 1e9;
      if (run < 0) {
        first = took;
      } else {
        seconds[run] = took;
        cpu[run] = (cpuNanos() - cpuBefore) / 1e9;
      }
    }
    Arrays.sort(seconds);
    Arrays.sort(cpu);
    if (result == null) {
      throw new IllegalStateException("nothing was asked");
    }
    return new Taken(
        first,
        seconds[times / 2],
        cpu[times / 2],
        result,
        engine.aggregateStats().grouped().read() > tables);
  }

  private static long cpuNanos() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime()
        : 0;
  }

  private QueryResult ask(Question question, Mode mode, Snapshot snapshot) {
    QueryOptions options =
        QueryOptions.DEFAULT
            .withStoredAggregates(mode.blocks)
            .withCells(mode.cells)
            .withGrouped(mode.grouped)
            .withLimits(new QueryLimits(1L << 40, 8L << 30, 2_000_000, 3_600_000L));
    return question.stepSeconds == 0
        ? queries.instant(snapshot, "", question.text, question.endSeconds * 1000, options)
        : queries.range(
            snapshot,
            "",
            question.text,
            question.startSeconds * 1000,
            question.endSeconds * 1000,
            question.stepSeconds * 1000,
            options);
  }

  private static boolean isSame(
      Question question, QueryResult expected, QueryResult found, String mode) {
    List<double[]> a = columns(expected);
    List<double[]> b = columns(found);
    double worst = a.size() == b.size() ? 0 : Double.POSITIVE_INFINITY;
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      double[] x = a.get(i);
      double[] y = b.get(i);
      if (x.length != y.length) {
        worst = Double.POSITIVE_INFINITY;
        continue;
      }
      for (int k = 0; k < x.length; k++) {
        double scale = Math.max(Math.abs(x[k]), Math.abs(y[k]));
        worst = Math.max(worst, scale == 0 ? 0 : Math.abs(x[k] - y[k]) / scale);
      }
    }
    if (worst > TOLERANCE) {
      System.out.printf(
          Locale.ROOT, "%nWRONG: %s by %s is off by %.3g, relatively%n%n", question, mode, worst);
      return false;
    }
    return true;
  }

  /** The values of each series, series in the order of their labels. */
  private static List<double[]> columns(QueryResult result) {
    List<double[]> columns = new ArrayList<>();
    switch (result.value()) {
      case QueryResult.Vector vector -> {
        TreeMap<String, double[]> sorted = new TreeMap<>();
        for (int i = 0; i < vector.size(); i++) {
          sorted.put(vector.labels()[i].toString(), new double[] {vector.values()[i]});
        }
        columns.addAll(sorted.values());
      }
      case QueryResult.Matrix matrix -> {
        TreeMap<String, double[]> sorted = new TreeMap<>();
        for (QueryResult.Series series : matrix.series()) {
          sorted.put(series.labels().toString(), series.values());
        }
        columns.addAll(sorted.values());
      }
      case QueryResult.Scalar scalar -> columns.add(new double[] {scalar.value()});
      case QueryResult.StringResult _ -> {}
    }
    return columns;
  }

  @Override
  public void close() {
    queries.close();
  }
}
