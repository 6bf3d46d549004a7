package io.varve.query.promqltest;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.promql.Expr;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Runs scripts against a query engine. An instant evaluation runs as it is written, with all
 * selectors pinned to its time and evaluated at other times, and as a step of a range query.
 */
public final class ScriptRunner {
  /** Calls that mean something else in another query. */
  private static final Pattern OF_THE_QUERY = Pattern.compile("(start|end|range|step)\\(\\)");

  private final ScriptStore store;
  private final QueryEngine engine;
  private final QueryOptions options;
  private final Levels levels = new Levels();

  /**
   * @param store what scripts fill; stays the caller's
   * @param engine what evaluates; stays the caller's
   */
  public ScriptRunner(ScriptStore store, QueryEngine engine, QueryOptions options) {
    this.store = store;
    this.engine = engine;
    this.options = options;
  }

  /**
   * Runs all evaluations of a script.
   *
   * @throws ScriptException if it cannot be read: then nothing of it was run
   */
  public List<CaseResult> run(Path file) throws IOException {
    return run(String.valueOf(file.getFileName()), Files.readAllLines(file));
  }

  /**
   * Runs all evaluations of a script.
   *
   * @param name what it is called in the results
   * @throws ScriptException if it cannot be read: then nothing of it was run
   */
  public List<CaseResult> run(String name, List<String> lines) {
    List<Script.Command> commands = Script.read(lines);
    clear();
    List<CaseResult> results = new ArrayList<>();
    for (Script.Command command : commands) {
      switch (command) {
        case Script.Clear clear -> clear();
        case Script.Load load -> load(load);
        case Script.Eval eval -> results.add(run(name, eval));
      }
    }
    return results;
  }

  private void clear() {
    store.clear();
    levels.clear();
  }

  private void load(Script.Load load) {
    for (Script.Series series : load.series()) {
      add(series.labels(), samples(series, load.stepMillis(), 0));
    }
    if (load.customBuckets()) {
      ClassicHistograms.toCustomBuckets(load).forEach(this::add);
    }
  }

  private void add(Labels labels, SampleColumns samples) {
    store.add(labels, samples);
    levels.add(labels, samples);
  }

  /** The samples of a series whose first value stands at a time. */
  static SampleColumns samples(Script.Series series, long stepMillis, long startMillis) {
    SampleColumns samples = new SampleColumns(16);
    StoredHints hints = new StoredHints();
    for (int i = 0; i < series.values().size(); i++) {
      Sequence.Value value = series.values().get(i);
      long time = startMillis + i * stepMillis;
      long start = 0;
      if (i < series.starts().size()) {
        Double relative = series.starts().get(i).number();
        start = relative == null ? 0 : time + Math.round(relative * 1000);
      }
      Double number = value.number();
      Histogram histogram = value.histogram();
      if (number != null) {
        samples.add(time, number, start);
        hints.skip();
      } else if (histogram != null) {
        samples.add(time, hints.next(histogram), start);
      }
    }
    return samples;
  }

  private CaseResult run(String file, Script.Eval eval) {
    Trial trial = new Trial(eval);
    try {
      trial.run();
    } catch (RuntimeException e) {
      trial.problems.add("threw " + e);
    }
    return new CaseResult(
        file,
        eval.line(),
        eval.command(),
        eval.expression(),
        levels.of(eval),
        trial.problems.isEmpty(),
        String.join("; ", trial.problems),
        eval.expected(),
        trial.problems.isEmpty() ? "" : trial.got);
  }

  /** One evaluation in all its variants. */
  private final class Trial {
    private final Script.Eval eval;
    private final List<String> problems = new ArrayList<>();
    private String got = "";

    Trial(Script.Eval eval) {
      this.eval = eval;
    }

    void run() {
      if (!eval.isInstant()) {
        QueryResult result =
            evaluate(
                snapshot ->
                    range(snapshot, eval.startMillis(), eval.endMillis(), eval.stepMillis()));
        if (result != null) {
          Comparison.range(eval, result, problems);
          Comparison.annotations(eval, result, problems);
        }
        return;
      }
      QueryResult result =
          evaluate(snapshot -> instant(snapshot, eval.expression(), eval.startMillis()));
      if (result != null) {
        Comparison.instant(eval, result, problems);
        Comparison.annotations(eval, result, problems);
      }
      if (problems.isEmpty() && !eval.expectsFailure()) {
        Expr expr = Parser.parse(eval.expression(), ParserOptions.ALL);
        asRange();
        if (problems.isEmpty() && Pinning.isPossible(expr)) {
          pinned(Pinning.pin(expr, eval.startMillis()).toString());
        }
      }
    }

    private QueryResult instant(Snapshot snapshot, String expression, long time) {
      return engine.instant(snapshot, "", expression, time, options);
    }

    private QueryResult range(Snapshot snapshot, long start, long end, long step) {
      return engine.range(snapshot, "", eval.expression(), start, end, step, options);
    }

    /** Evaluates; null if that failed, as expected or not. */
    private @Nullable QueryResult evaluate(Evaluation evaluation) {
      QueryResult result;
      try (Snapshot snapshot = store.snapshot()) {
        result = evaluation.run(snapshot);
      } catch (QueryException e) {
        String message = String.valueOf(e.getMessage());
        got = "expect fail msg: " + message;
        if (!eval.expectsFailure()) {
          problems.add("failed: " + message);
          return null;
        }
        for (Script.Expectation expected : eval.expectations()) {
          if (expected.kind() == Script.Expectation.Kind.FAIL && !expected.fits(message)) {
            problems.add("failed with another message: " + message);
          }
        }
        return null;
      }
      got = ResultText.of(result);
      if (eval.expectsFailure()) {
        problems.add("did not fail");
        return null;
      }
      return result;
    }

    private void pinned(String expression) {
      long time = eval.startMillis();
      long[] times =
          time == 0
              ? new long[] {-1000, 0, 1000}
              : new long[] {-10 * time, 0, time / 5, time, 10 * time};
      for (long other : times) {
        QueryResult result = evaluate(snapshot -> instant(snapshot, expression, other));
        if (result != null) {
          Comparison.instant(eval, result, problems);
        }
        if (!problems.isEmpty()) {
          problems.addFirst("as " + expression + " at " + other / 1000.0 + " s");
          return;
        }
      }
    }

    /** As the middle step of a range query. */
    private void asRange() {
      if (eval.ordered()
          || eval.string() != null
          || eval.rangeVector() != null
          || OF_THE_QUERY.matcher(eval.expression()).find()) {
        return;
      }
      long time = eval.startMillis();
      QueryResult result =
          evaluate(snapshot -> range(snapshot, time - 60_000, time + 60_000, 60_000));
      if (result != null) {
        Comparison.middle(eval, result, time, problems);
      }
      if (!problems.isEmpty()) {
        problems.addFirst("as the middle step of a range query");
      }
    }
  }

  @FunctionalInterface
  private interface Evaluation {
    QueryResult run(Snapshot snapshot);
  }
}
