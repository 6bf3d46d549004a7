package io.varve.query.exec;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.query.Feature;
import io.varve.query.MemorySnapshot;
import io.varve.query.QueryLimits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a subquery evaluates what is in it. */
class SubqueryWindowsTest {
  private static QueryContext context() {
    return new QueryContext(
        new MemorySnapshot(),
        "",
        300_000,
        true,
        Feature.defaults(),
        QueryLimits.DEFAULT,
        null,
        new WorkerPool(0));
  }

  /** Multiples of the step that lie strictly after the first window's left bound. */
  @ParameterizedTest
  @CsvSource({
    "100, 100, 50, 10, 60, 5",
    "105, 105, 50, 10, 60, 5",
    "100, 130, 50, 10, 60, 8",
    "100, 100, 50, 30, 60, 2",
    "5, 5, 50, 10, -40, 5",
    "-5, -5, 50, 10, -50, 5",
    "100, 100, 5, 30, 120, 0"
  })
  void gridIsAbsolute(long firstEnd, long lastEnd, long range, long step, long start, int count) {
    StepGrid grid =
        SubqueryWindows.innerGrid(context(), StepGrid.Scope.SELF, firstEnd, lastEnd, range, step);
    assertThat(grid.count()).isEqualTo(count);
    if (count > 0) {
      assertThat(grid.start()).isEqualTo(start);
      assertThat(grid.last()).isLessThanOrEqualTo(lastEnd);
    }
  }

  @Test
  void everyTimeLiesInTheWindows() {
    for (long end = -200; end < 200; end++) {
      StepGrid grid = SubqueryWindows.innerGrid(context(), StepGrid.Scope.SELF, end, end, 47, 7);
      for (int i = 0; i < grid.count(); i++) {
        assertThat(grid.time(i) % 7).isZero();
        assertThat(grid.time(i)).isGreaterThan(end - 47).isLessThanOrEqualTo(end);
      }
      assertThat(grid.count()).isBetween(6, 7);
    }
  }
}
