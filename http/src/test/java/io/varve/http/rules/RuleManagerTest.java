package io.varve.http.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.retention.rules.Alert;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.RuleManager;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rule manager over a real engine, under a clock of the test. */
final class RuleManagerTest {
  private static final long MINUTE = 60_000;

  @TempDir private Path folder;
  private RuleWorld world;

  @BeforeEach
  void begin() throws Exception {
    world = new RuleWorld(folder);
  }

  @AfterEach
  void end() throws Exception {
    world.close();
  }

  private static final String CHAIN =
      """
      groups:
        - name: chain
          interval: 30s
          rules:
            - record: doubled
              expr: source * 2
              labels: {kind: "a"}
            - record: more
              expr: doubled + 1
      """;

  @Test
  void evaluatesInOrderAtItsOwnTimesAndStores() {
    world.update("f", CHAIN);
    world.write(RuleWorld.START, 5, "__name__", "source", "host", "h");
    world.advance(2 * MINUTE, 1_000);
    GroupStatus group = world.group("chain");
    assertThat(group.counts().iterations()).isEqualTo(4);
    assertThat(group.counts().missed()).isZero();
    assertThat(group.counts().samples()).isEqualTo(2);
    List<String> samples = world.samples("more", "{host=\"h\", kind=\"a\"}");
    assertThat(samples).hasSize(4).allMatch(text -> text.endsWith("=11.0"));
    assertThat(RuleWorld.time(samples.get(1)) - RuleWorld.time(samples.getFirst()))
        .isEqualTo(30_000);
    assertThat(world.rule("chain", 0).health()).isEqualTo("ok");
    assertThat(world.rule("chain", 0).expression()).isEqualTo("source * 2");
  }

  @Test
  void timesAreTheSameAfterARestartAndOtherForOtherGroups() {
    String two = CHAIN + CHAIN.replace("groups:\n", "").replace("chain", "other");
    world.update("f", two);
    world.write(RuleWorld.START, 5, "__name__", "source", "host", "h");
    world.advance(MINUTE, 100);
    assertThat(world.group("other").lastMillis() % 30_000)
        .isNotEqualTo(world.group("chain").lastMillis() % 30_000);
    world.restart();
    world.sleep(12_345);
    world.update("f", two);
    world.advance(MINUTE, 100);
    List<String> samples = world.samples("doubled", "{host=\"h\", kind=\"a\"}");
    // Of two groups, each at its own phase.
    assertThat(samples.stream().map(text -> RuleWorld.time(text) % 30_000).distinct()).hasSize(2);
    assertThat(samples).hasSize(10);
  }

  @Test
  void evaluationsThatComeTooLateAreLeftOutAndCounted() {
    world.update("f", CHAIN);
    world.advance(MINUTE, 1_000);
    world.sleep(4 * MINUTE);
    world.manager.runDue();
    GroupStatus.Counts counts = world.group("chain").counts();
    assertThat(counts.iterations()).isEqualTo(10);
    assertThat(counts.missed()).isEqualTo(7);
  }

  @Test
  void goesOnWhenTheClockIsSetBack() {
    world.update("f", CHAIN);
    world.advance(MINUTE, 1_000);
    world.sleep(-10 * 60 * MINUTE);
    world.advance(MINUTE, 1_000);
    assertThat(world.group("chain").counts().iterations()).isEqualTo(4);
  }

  private static final String OF_TENANTS =
      """
      groups:
        - name: mine
          interval: 30s
          rules:
            - {record: sum, expr: sum(source)}
            - {alert: High, expr: source > 5, for: 20m}
        - name: theirs
          tenant: acme
          interval: 30s
          rules:
            - {record: sum, expr: sum(source)}
            - {alert: High, expr: source > 5, for: 20m}
        - name: nobody
          tenant: other
          interval: 30s
          rules: [{record: sum, expr: sum(source)}]
      """;

  /** Writes the sources of two tenants each minute. */
  private void liveTenants(int minutes, double mine, double theirs) {
    for (int i = 0; i < minutes; i++) {
      world.writeFor("", world.now(), mine, "__name__", "source");
      world.writeFor("acme", world.now(), theirs, "__name__", "source");
      world.advance(MINUTE, 1_000);
    }
  }

  @Test
  void groupsReadAndWriteTheSeriesOfTheirTenants() {
    world.update("f", OF_TENANTS);
    liveTenants(3, 1, 10);
    assertThat(world.samples("sum", "{}")).hasSize(6).allMatch(text -> text.endsWith("=1.0"));
    assertThat(world.storedFor("acme", "sum").get("{}"))
        .hasSize(6)
        .allMatch(text -> text.endsWith("=10.0"));
    assertThat(world.storedFor("other", "sum")).isEmpty();
    assertThat(world.stored("ALERTS")).isEmpty();
    assertThat(world.storedFor("acme", "ALERTS")).hasSize(1);
    assertThat(world.group("theirs").tenant()).isEqualTo("acme");
    assertThat(world.group("theirs").key()).isEqualTo("f;theirs;acme");
    assertThat(world.group("mine").key()).isEqualTo("f;mine");
    liveTenants(25, 1, 10);
    assertThat(world.told).isNotEmpty().allMatch(told -> told.alert().tenant().equals("acme"));
    // A group that goes to another tenant ends its series with the one before.
    world.update("f", OF_TENANTS.replace("acme", "other"));
    liveTenants(3, 1, 10);
    assertThat(world.storedFor("acme", "sum").get("{}")).last().asString().endsWith("=stale");
    assertThat(world.storedFor("acme", "ALERTS").values())
        .allMatch(samples -> samples.getLast().endsWith("=stale"));
    assertThat(world.samples("sum", "{}")).noneMatch(text -> text.endsWith("=stale"));
  }

  @Test
  void afterARestartTenantsGoOnWithWhatWasTheirs() {
    world.update("f", OF_TENANTS);
    liveTenants(10, 6, 10);
    long mine = world.alert("mine", 1).activeMillis();
    long theirs = world.alert("theirs", 1).activeMillis();
    // Only one of the tenants has an alert that is pending when nothing is evaluated any more.
    liveTenants(1, 1, 10);
    world.restart();
    world.sleep(4 * MINUTE);
    world.update("f", OF_TENANTS);
    liveTenants(4, 6, 10);
    assertThat(world.alert("mine", 1).activeMillis()).isGreaterThan(mine + 9 * MINUTE);
    // The time without evaluations does not count.
    assertThat(world.alert("theirs", 1).activeMillis())
        .isBetween(theirs + 3 * MINUTE, theirs + 6 * MINUTE);
    // What recording rules missed is made good for each.
    for (String tenant : new String[] {"", "acme"}) {
      List<String> samples = world.storedFor(tenant, "sum").getOrDefault("{}", List.of());
      assertThat(samples).hasSizeGreaterThan(25);
      for (int i = 1; i < samples.size(); i++) {
        assertThat(RuleWorld.time(samples.get(i)) - RuleWorld.time(samples.get(i - 1)))
            .isEqualTo(30_000);
      }
    }
    assertThat(world.group("mine").catchUp().done()).isGreaterThan(5);
    assertThat(world.group("theirs").catchUp().done()).isGreaterThan(5);
    assertThat(world.group("nobody").catchUp().done()).isZero();
  }

  @Test
  void aRuleThatFailsSaysSoAndKeepsNobodyFromIt() {
    world.update(
        "f",
        """
        groups:
          - name: g
            rules:
              - record: bad
                expr: source * on () source2
              - record: limited
                expr: source
              - record: good
                expr: count(source)
            limit: 1
        """);
    for (String host : new String[] {"a", "b"}) {
      world.write(RuleWorld.START, 1, "__name__", "source", "host", host);
      world.write(RuleWorld.START, 1, "__name__", "source2", "host", host);
    }
    world.advance(MINUTE, 1_000);
    assertThat(world.rule("g", 0).health()).isEqualTo("err");
    assertThat(world.rule("g", 0).error()).contains("many-to-many");
    assertThat(world.rule("g", 1).error()).isEqualTo("exceeded limit of 1 with 2 series");
    assertThat(world.rule("g", 2).health()).isEqualTo("ok");
    assertThat(world.group("g").counts().failures()).isEqualTo(2);
    assertThat(world.group("g").counts().evaluations()).isEqualTo(3);
    assertThat(world.stored("good")).containsKey("{}");
  }

  @Test
  void queryOffsetMovesWhatIsSeenAndStored() {
    world.update("f", CHAIN.replace("interval: 30s", "interval: 30s\n    query_offset: 20s"));
    world.write(RuleWorld.START, 5, "__name__", "source", "host", "h");
    world.advance(MINUTE, 1_000);
    long last = world.group("chain").lastMillis();
    long newest = RuleWorld.time(world.samples("more", "{host=\"h\", kind=\"a\"}").getLast());
    assertThat(last - RuleWorld.START - newest).isBetween(20_000L, 21_000L);
  }

  @Test
  void seriesThatGoAreEnded() {
    world.update("f", CHAIN);
    world.write(RuleWorld.START, 5, "__name__", "source", "host", "h");
    world.advance(7 * MINUTE, 10_000);
    List<String> samples = world.samples("more", "{host=\"h\", kind=\"a\"}");
    assertThat(samples.getLast()).endsWith("=stale");
    assertThat(samples.stream().filter(text -> text.endsWith("=stale"))).hasSize(1);
  }

  @Test
  void aReloadCarriesStateOverAndEndsWhatIsNoMore() {
    String yaml =
        """
        groups:
          - name: g
            interval: 30s
            rules:
              - alert: Warm
                expr: source > 1
                for: 5m
              - record: old
                expr: source
              - record: kept
                expr: source
        """;
    world.update("f", yaml);
    keep(2, 3 * MINUTE);
    long since = world.alert("g", 0).activeMillis();
    GroupStatus.Counts before = world.group("g").counts();
    world.update("f", yaml.replace("record: old", "record: new").replace("source > 1", "source>0"));
    assertThat(world.alert("g", 0).activeMillis()).isEqualTo(since);
    assertThat(world.group("g").counts()).isEqualTo(before);
    keep(2, MINUTE);
    assertThat(world.samples("old", "{}").getLast()).endsWith("=stale");
    assertThat(world.samples("kept", "{}")).noneMatch(text -> text.endsWith("=stale"));
    assertThat(world.samples("new", "{}").getLast()).endsWith("=2.0");
    keep(2, 3 * MINUTE);
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.FIRING);
    assertThat(world.alert("g", 0).activeMillis()).isEqualTo(since);
  }

  @Test
  void aGroupThatIsTheSameGoesOnUndisturbed() {
    world.update("f", CHAIN);
    world.advance(MINUTE, 1_000);
    GroupStatus.Counts before = world.group("chain").counts();
    world.update(RuleWorld.SETTINGS, "f", CHAIN, "g", CHAIN.replace("chain", "second"));
    assertThat(world.group("chain").counts()).isEqualTo(before);
    assertThat(world.group("second").counts().iterations()).isZero();
    assertThat(world.manager.groups().stream().map(GroupStatus::key))
        .containsExactly("f;chain", "g;second");
  }

  @Test
  void seriesOfAGroupThatIsNoMoreAreEndedUnlessAnotherOneGoesOnWithThem() {
    String yaml =
        """
        groups:
          - name: a
            interval: 30s
            rules:
              - record: moved
                expr: source
              - record: gone
                expr: source
        """;
    world.update("f", yaml);
    keep(2, 2 * MINUTE);
    world.update("f", yaml.replace("name: a", "name: b").replace("record: gone", "record: third"));
    keep(2, 3 * MINUTE);
    assertThat(world.samples("moved", "{}")).noneMatch(text -> text.endsWith("=stale"));
    List<String> gone = world.samples("gone", "{}");
    assertThat(gone.getLast()).isEqualTo("120.0=stale");
    world.update("f", "groups: []");
    keep(2, 3 * MINUTE);
    assertThat(world.samples("moved", "{}").getLast()).endsWith("=stale");
    assertThat(world.manager.groups()).isEmpty();
  }

  /** Time goes by while the source has a value. */
  private void keep(double value, long millis) {
    for (long t = 0; t < millis; t += 10_000) {
      world.write(world.now(), value, "__name__", "source");
      world.advance(10_000, 1_000);
    }
  }

  private static final String PENDING =
      """
      groups:
        - name: g
          interval: 1m
          rules:
            - alert: Warm
              expr: source > 1
              for: 30m
              labels: {severity: "{{ $value }}"}
            - alert: Short
              expr: source > 1
              for: 5m
      """;

  @Test
  void pendingAlertsGoOnAfterARestart() {
    world.update("f", PENDING);
    keep(2, 10 * MINUTE);
    long since = world.alert("g", 0).activeMillis();
    long last = world.group("g").lastMillis();
    world.restart();
    world.sleep(5 * MINUTE);
    world.update("f", PENDING);
    keep(2, 3 * MINUTE);
    // The time without evaluations does not count.
    long down = world.alert("g", 0).activeMillis() - since / 1000 * 1000;
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.PENDING);
    assertThat(down).isBetween(6 * MINUTE, 8 * MINUTE);
    assertThat(world.group("g").lastMillis()).isGreaterThan(last);
    // The short one began anew, and its series say so at once.
    assertThat(world.alert("g", 1).activeMillis()).isGreaterThan(last + 5 * MINUTE);
    keep(2, 25 * MINUTE);
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.FIRING);
    assertThat(world.group("g").counts().restoreNanos()).isPositive();
  }

  @Test
  void theRestWithoutGraceIsWaitedAtLeast() {
    world.update("f", PENDING);
    keep(2, 28 * MINUTE);
    world.restart();
    world.sleep(2 * MINUTE);
    world.update("f", PENDING);
    long begin = world.now();
    keep(2, 6 * MINUTE);
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.PENDING);
    while (world.alert("g", 0).state() == Alert.State.PENDING) {
      keep(2, MINUTE);
    }
    // Two evaluations before the restoration, then ten minutes.
    assertThat(world.alert("g", 0).firedMillis() - begin).isBetween(11 * MINUTE, 13 * MINUTE);
  }

  @Test
  void firingAlertsFireAgainAtOnceAfterARestart() {
    world.update("f", PENDING);
    keep(2, 33 * MINUTE);
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.FIRING);
    long since = world.alert("g", 0).activeMillis();
    world.restart();
    world.sleep(20 * MINUTE);
    world.update("f", PENDING);
    keep(2, 4 * MINUTE);
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.FIRING);
    assertThat(world.alert("g", 0).activeMillis()).isEqualTo(since / 1000 * 1000);
  }

  @Test
  void pendingAlertsBeginAnewAfterTooLong() {
    world.update("f", PENDING);
    keep(2, 10 * MINUTE);
    world.restart();
    world.sleep(61 * MINUTE);
    world.update("f", PENDING);
    long begin = world.now();
    keep(2, 3 * MINUTE);
    assertThat(world.alert("g", 0).activeMillis()).isGreaterThan(begin);
  }

  @Test
  void seriesOfAlertsTellWhatTheyDo() {
    world.update("f", PENDING);
    keep(2, 7 * MINUTE);
    Map<String, List<String>> alerts = world.stored("ALERTS");
    assertThat(alerts)
        .containsOnlyKeys(
            "{alertname=\"Short\", alertstate=\"firing\"}",
            "{alertname=\"Short\", alertstate=\"pending\"}",
            "{alertname=\"Warm\", alertstate=\"pending\", severity=\"2\"}");
    assertThat(world.samples("ALERTS", "{alertname=\"Short\", alertstate=\"pending\"}").getLast())
        .endsWith("=stale");
    assertThat(world.samples("ALERTS_FOR_STATE", "{alertname=\"Short\"}").getFirst())
        .endsWith("=" + Math.floor(world.alert("g", 1).activeMillis() / 1e3));
  }

  @Test
  void alertsAreToldOfAgainAndAgainAndForAWhileAfterTheirEnd() {
    world.update(
        "f",
        """
        groups:
          - name: g
            interval: 30s
            rules:
              - alert: Hot
                expr: source > 1
                for: 1m
                annotations: {text: "now {{ $value }}"}
        """);
    keep(2, 4 * MINUTE);
    long fired = world.alert("g", 0).firedMillis();
    assertThat(world.told).hasSizeBetween(2, 3);
    RuleWorld.Told first = world.told.getFirst();
    assertThat(first.alert().startsMillis()).isEqualTo(fired);
    assertThat(first.alert().endsMillis()).isEqualTo(fired + 4 * MINUTE);
    assertThat(first.alert().resolved()).isFalse();
    assertThat(first.alert().annotations()).containsEntry("text", "now 2");
    assertThat(first.alert().expression()).isEqualTo("source > 1");
    assertThat(world.told.get(1).time() - first.time()).isEqualTo(90_000);
    world.told.clear();
    keep(0, 20 * MINUTE);
    assertThat(world.told).allMatch(told -> told.alert().resolved());
    long resolved = world.told.getFirst().alert().endsMillis();
    assertThat(world.told).allMatch(told -> told.alert().endsMillis() == resolved);
    assertThat(world.told).allMatch(told -> told.alert().startsMillis() == fired);
    assertThat(world.told.getLast().time() - resolved).isBetween(13 * MINUTE, 15 * MINUTE + 30_000);
    assertThat(world.rule("g", 0).alerts()).isEmpty();
  }

  @Test
  void anAlertKeepsFiringForAWhile() {
    world.update(
        "f",
        """
        groups:
          - name: g
            interval: 30s
            rules:
              - alert: Hot
                expr: source > 1
                keep_firing_for: 5m
        """);
    keep(2, 2 * MINUTE);
    keep(0, 3 * MINUTE);
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.FIRING);
    assertThat(world.alert("g", 0).keptMillis()).isPositive();
    keep(0, 4 * MINUTE);
    assertThat(world.alert("g", 0).state()).isEqualTo(Alert.State.INACTIVE);
    assertThat(world.rule("g", 0).activeAlerts()).isEmpty();
  }

  @Test
  void recordingRulesCatchUpAfterDowntime() {
    world.update("f", CHAIN);
    for (int i = 0; i < 60; i++) { // the source goes on while nothing is evaluated
      world.write(RuleWorld.START + i * 30_000L, i, "__name__", "source", "host", "h");
    }
    world.advance(5 * MINUTE, 1_000);
    world.restart();
    world.sleep(20 * MINUTE);
    // Somebody else has stored one of the missing samples.
    List<String> before = world.samples("more", "{host=\"h\", kind=\"a\"}");
    assertThat(before).hasSize(10);
    long first = RuleWorld.time(before.getFirst());
    long other = RuleWorld.START + first + 22 * 30_000L;
    world.write(other, -1, "__name__", "more", "host", "h", "kind", "a");
    world.update("f", CHAIN);
    world.advance(MINUTE, 1_000);
    List<String> after = world.samples("more", "{host=\"h\", kind=\"a\"}");
    for (int i = 0; i < after.size(); i++) {
      String sample = after.get(i);
      long time = RuleWorld.time(sample);
      assertThat(time).as(sample).isEqualTo(first + i * 30_000L);
      double value = Double.parseDouble(sample.substring(sample.indexOf('=') + 1));
      if (time + RuleWorld.START == other) {
        assertThat(value).isEqualTo(-1);
      } else {
        assertThat(value).as(sample).isEqualTo(Math.floor(time / 3e4) * 2 + 1);
      }
    }
    assertThat(after).hasSize(52);
    GroupStatus.CatchUp catchUp = world.group("chain").catchUp();
    assertThat(catchUp.left()).isZero();
    assertThat(catchUp.done()).isBetween(39L, 41L);
    assertThat(catchUp.failures()).isZero();
    assertThat(catchUp.samples()).isEqualTo(2 * catchUp.done());
  }

  @Test
  void catchingUpIsBoundedAndCanBeSwitchedOff() {
    world.update("f", CHAIN);
    for (int i = 0; i < 500; i++) {
      world.write(RuleWorld.START + i * 30_000L, i, "__name__", "source", "host", "h");
    }
    world.advance(5 * MINUTE, 1_000);
    world.restart();
    world.sleep(3 * 60 * MINUTE);
    RuleManager.Settings s = RuleWorld.SETTINGS;
    RuleManager.Settings off =
        new RuleManager.Settings(
            s.intervalMillis(),
            s.offsetMillis(),
            s.resendMillis(),
            s.outageMillis(),
            s.graceMillis(),
            0,
            0,
            s.externalUrl(),
            s.externalLabels());
    world.update(off, "f", CHAIN);
    world.advance(MINUTE, 1_000);
    assertThat(world.samples("more", "{host=\"h\", kind=\"a\"}")).hasSize(12);
    world.restart();
    world.sleep(3 * 60 * MINUTE - 10 * MINUTE);
    world.update("f", CHAIN);
    world.advance(MINUTE, 1_000);
    // An hour, of which nothing is older than that.
    assertThat(world.group("chain").catchUp().done()).isEqualTo(120);
  }

  @Test
  void newRulesAndAlertsDoNotCatchUp() {
    world.update("f", CHAIN);
    world.write(RuleWorld.START - 10 * MINUTE, 1, "__name__", "source", "host", "h");
    world.advance(MINUTE, 1_000);
    assertThat(world.group("chain").catchUp().done()).isZero();
    world.restart();
    String alert = "      - alert: A\n        expr: source\n";
    String readsAlerts = alert + "      - record: alerts\n        expr: count(ALERTS)\n";
    for (String more : List.of(alert, readsAlerts)) {
      for (int i = 0; i < 100; i++) {
        world.write(world.now() + i * 30_000L, i, "__name__", "source", "host", "h");
      }
      world.update("f", CHAIN + more);
      world.advance(10 * MINUTE, 1_000);
      world.restart();
      world.sleep(30 * MINUTE);
      int told = world.told.size();
      world.update("f", CHAIN + more);
      world.advance(1_000, 1_000);
      // Recording rules beside alerts do, but nobody is told of what was.
      assertThat(world.group("chain").catchUp().done()).isEqualTo(more.equals(alert) ? 60 : 0);
      assertThat(world.told).hasSizeLessThanOrEqualTo(told + 1);
      world.restart();
    }
  }
}
