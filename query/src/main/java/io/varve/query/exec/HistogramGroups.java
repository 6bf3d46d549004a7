package io.varve.query.exec;

import io.varve.query.function.Absent;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramSum;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.Position;
import org.jspecify.annotations.Nullable;

/**
 * The histograms of sum and avg: one running sum per group and step that has any. A group that has
 * floats, too, at a step has no result there. Several threads may add at a time, each at its own
 * steps.
 */
final class HistogramGroups {
  private final QueryContext query;
  private final boolean mean;
  private final Position position;
  private final int steps;
  private final StepGrid grid;
  private final @Nullable State[][] states;

  private static final class State {
    final HistogramSum sum;
    boolean incompatible;
    boolean floatsBefore;

    State(HistogramSum sum) {
      this.sum = sum;
    }
  }

  /**
   * @param position of what is aggregated
   */
  HistogramGroups(QueryContext query, boolean mean, int groups, StepGrid grid, Position position) {
    this.query = query;
    this.mean = mean;
    this.steps = grid.count();
    this.grid = grid;
    this.position = position;
    this.states = new State[groups][];
  }

  private State[] states(int group) {
    synchronized (states) {
      State[] known = states[group];
      if (known == null) {
        query.chargeBytes(8L * steps);
        known = new State[steps];
        states[group] = known;
      }
      return known;
    }
  }

  /**
   * Adds the histograms of a column and makes them absent there.
   *
   * @param firstStep the step of {@code in[at]}
   * @param floats the group's sums of floats so far, from {@code floatsAt} on
   * @param name the series' metric name
   */
  void add(
      double[] in,
      int at,
      int count,
      int firstStep,
      int group,
      double[] floats,
      int floatsAt,
      String name) {
    HistogramTable table = query.histograms;
    State[] known = null;
    for (int i = 0; i < count; i++) {
      FloatHistogram histogram = table.get(in[at + i]);
      if (histogram == null) {
        continue;
      }
      in[at + i] = Absent.VALUE;
      if (known == null) {
        known = states(group);
      }
      State state = known[firstStep + i];
      if (state == null) {
        query.chargeBytes(2 * histogram.bytes());
        known[firstStep + i] = new State(new HistogramSum(histogram));
      } else if (!state.incompatible
          && !(mean ? state.sum.addToMean(histogram) : state.sum.add(histogram))) {
        state.incompatible = true;
        state.floatsBefore = !Absent.is(floats[floatsAt + i]);
        query.annotations.mixedSchemas(name, position, grid, firstStep + i);
      }
    }
  }

  /** Puts the results beside those of the floats. */
  void finish(int group, double[] into, int at) {
    State[] known = states[group];
    if (known == null) {
      return;
    }
    for (int s = 0; s < steps; s++) {
      State state = known[s];
      if (state == null) {
        continue;
      }
      boolean floats = state.incompatible ? state.floatsBefore : !Absent.is(into[at + s]);
      into[at + s] = Absent.VALUE;
      if (floats) {
        query.annotations.mixedFloatsInAggregation(position, grid, s);
      } else if (!state.incompatible) {
        if (state.sum.hasCollision()) {
          query.annotations.resetCollision("aggregation", position, grid, s);
        }
        into[at + s] = query.histograms.add(mean ? state.sum.mean() : state.sum.sum());
      }
      if (state.sum.isReconciled()) {
        query.annotations.reconciled("aggregation", position, grid, s);
      }
      known[s] = null;
    }
  }
}
