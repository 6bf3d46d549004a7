package io.varve.http.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.retention.rules.RuleFile;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ReplayPlanTest {
  private static ReplayPlan plan(String rules) {
    String file = "groups:\n- name: g\n  rules:\n" + rules;
    List<ReplayedRule> all =
        ReplayPlan.rules(RuleFile.parse(file, Replay.checker(), false), 60_000, 0);
    return ReplayPlan.of(all, ReplayPlan.reads(all));
  }

  private static String record(String name, String expression) {
    return "  - {record: '" + name + "', expr: '" + expression + "'}\n";
  }

  private static String alert(String name, String expression) {
    return "  - {alert: '" + name + "', expr: '" + expression + "'}\n";
  }

  @Test
  void rulesThatReadEarlierOnesGoOverTheWholeStretch() {
    ReplayPlan plan =
        plan(
            record("a", "x")
                + record("b", "a offset 5m + max_over_time(a[1h:1m])")
                + alert("A", "b > 1")
                + record("c", "count(ALERTS{alertname=\"A\"})"));
    assertThat(plan.units()).extracting(ReplayPlan.Unit::stepwise).containsOnly(false).hasSize(4);
    assertThat(plan.read()).containsExactlyInAnyOrder(0, 1, 2);
  }

  @Test
  void whatReadsItselfOrLaterOnesOrAheadGoesStepByStep() {
    assertThat(plan(record("a", "a + x")).units()).containsExactly(new ReplayPlan.Unit(0, 0, true));
    assertThat(
            plan(record("first", "x")
                    + record("a", "c")
                    + record("b", "x")
                    + record("c", "x")
                    + record("last", "a"))
                .units())
        .containsExactly(
            new ReplayPlan.Unit(0, 0, false),
            new ReplayPlan.Unit(1, 3, true),
            new ReplayPlan.Unit(4, 4, false));
    assertThat(plan(record("a", "x") + record("b", "a offset -1m")).units())
        .containsExactly(new ReplayPlan.Unit(0, 1, true));
    assertThat(plan(record("a", "x") + record("b", "a @ 1000")).units())
        .containsExactly(new ReplayPlan.Unit(0, 1, true));
    assertThat(plan(record("a", "x offset -1m")).units())
        .as("of what is stored, all is known")
        .containsExactly(new ReplayPlan.Unit(0, 0, false));
  }

  @Test
  void selectorsWithoutANameMayReadAnything() {
    assertThat(plan(record("a:b", "count({__name__=~\"a:.*\"})")).units().getFirst().stepwise())
        .isTrue();
    assertThat(plan(record("a:b", "count({__name__=~\"x:.*\"})")).units().getFirst().stepwise())
        .isFalse();
    assertThat(plan(record("a:b", "count({job=\"x\"})")).units().getFirst().stepwise()).isTrue();
    assertThat(plan(alert("A", "ALERTS{alertname=\"B\"}")).units().getFirst().stepwise()).isFalse();
    assertThat(plan(alert("A", "ALERTS{alertname!=\"B\"}")).units().getFirst().stepwise()).isTrue();
    assertThat(plan(record("target_info", "info(x)")).units().getFirst().stepwise()).isTrue();
  }
}
