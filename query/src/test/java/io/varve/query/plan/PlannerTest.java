package io.varve.query.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.plan.PlanNode.Absent;
import io.varve.query.plan.PlanNode.Constant;
import io.varve.query.plan.PlanNode.MapElements;
import io.varve.query.plan.PlanNode.OverRange;
import io.varve.query.plan.PlanNode.PinnedScalar;
import io.varve.query.plan.PlanNode.PinnedVector;
import io.varve.query.plan.PlanNode.ScalarWithVector;
import io.varve.query.plan.PlanNode.Select;
import io.varve.query.plan.PlanNode.SeriesRange;
import io.varve.query.plan.PlanNode.SubqueryRange;
import io.varve.query.plan.PlanNode.VectorBinary;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What plans are made of. */
class PlannerTest {
  private static PlanNode plan(String query) {
    return Planner.plan(Parser.parse(query, ParserOptions.ALL), 100_000, 400_000, 10_000, 60_000);
  }

  @Test
  void constantsAreFolded() {
    assertThat(plan("-(1 + 2) * 3 ^ 2")).isEqualTo(new Constant(-27));
    assertThat(plan("pi() > bool 3")).isEqualTo(new Constant(1));
    assertThat(plan("start() + end() + step() + range()")).isEqualTo(new Constant(810));
    assertThat(plan("scalar(x)")).isNotInstanceOf(Constant.class);
  }

  @Test
  void thePinnedPartIsAsLargeAsItCanBe() {
    assertThat(plan("x")).isInstanceOf(Select.class);
    assertThat(plan("x @ 5")).isInstanceOf(PinnedVector.class);
    assertThat(plan("sum(rate(x[5m] @ 5)) + 1")).isInstanceOf(PinnedVector.class);
    assertThat(plan("scalar(x @ 5)")).isInstanceOf(PinnedScalar.class);
    VectorBinary binary = (VectorBinary) plan("x + abs(x @ 5)");
    assertThat(binary.left()).isInstanceOf(Select.class);
    assertThat(binary.right()).isInstanceOf(PinnedVector.class);
    ScalarWithVector scalar = (ScalarWithVector) plan("x + scalar(x @ 5)");
    assertThat(scalar.scalar()).isInstanceOf(PinnedScalar.class);
  }

  @Test
  void functionsOfTheEvaluationTimeAreNotPinned() {
    assertThat(plan("predict_linear(x[5m] @ 5, 60)")).isInstanceOf(OverRange.class);
    assertThat(plan("timestamp(x @ 5)")).isInstanceOf(Select.class);
    assertThat(plan("hour()")).isInstanceOf(MapElements.class);
    MapElements hour = (MapElements) plan("hour(x @ 5)");
    assertThat(hour.inner()).isInstanceOf(PinnedVector.class);
  }

  @Test
  void whatASubqueryPinsItEvaluatesOnce() {
    OverRange outer = (OverRange) plan("sum_over_time((x @ 5)[5m:])");
    SubqueryRange subquery = (SubqueryRange) outer.range();
    assertThat(subquery.stepMillis()).isEqualTo(60_000);
    assertThat(subquery.inner()).isInstanceOf(PinnedVector.class);
    assertThat(plan("sum_over_time(x[5m:1m] @ end())")).isInstanceOf(PinnedVector.class);
  }

  @Test
  void timesAreResolved() {
    Select select = (Select) ((PinnedVector) plan("x @ end() offset 1m")).inner();
    assertThat(select.selection().reference(7)).isEqualTo(340_000);
    OverRange rate = (OverRange) plan("rate(x[step() * 2] offset -5s)");
    SeriesRange range = (SeriesRange) rate.range();
    assertThat(range.rangeMillis()).isEqualTo(20_000);
    assertThat(range.selection().reference(7)).isEqualTo(5_007);
  }

  @Test
  void absentKnowsItsLabels() {
    assertThat(((Absent) plan("absent(x{a=\"1\", b!=\"2\", c=\"3\", c=\"3\", d=\"\"})")).labels())
        .isEqualTo(Labels.of("a", "1"));
    assertThat(((Absent) plan("absent((x{a=\"1\"}))")).labels()).isEqualTo(Labels.of("a", "1"));
    assertThat(((Absent) plan("absent(sum(x{a=\"1\"}))")).labels()).isEqualTo(Labels.EMPTY);
  }

  @ParameterizedTest
  @CsvSource({
    "info(rate(x[5m] offset 1m)), 40000",
    "info(last_over_time((x offset 1m)[10m:1m] offset 2m)), -80000",
    "info(last_over_time((x offset 1m)[10m:1m] @ 180)), 120000",
    "info(x @ end()), 400000"
  })
  void infoSeriesAreLookedAtAsOfTheSeriesTheyDescribe(String query, long time) {
    PlanNode node = plan(query);
    PlanNode.WithInfo info =
        (PlanNode.WithInfo) (node instanceof PinnedVector pinned ? pinned.inner() : node);
    assertThat(info.infos().reference(100_000)).isEqualTo(time);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "deriv(x[5m] smoothed) | smoothed modifier can only be used with: delta, increase, rate -"
            + " not with deriv",
        "max_over_time((x[5m] anchored)) | anchored modifier can only be used with: changes, delta,"
            + " increase, rate, resets - not with max_over_time"
      })
  void whatIsNotDefinedOverExtendedRangesIsRefused(String query, String message) {
    assertThatThrownBy(() -> plan(query)).isInstanceOf(QueryException.class).hasMessage(message);
  }
}
