package io.varve.bench.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.bench.cluster.HistoryChecker.Verdict;
import io.varve.bench.cluster.Operation.Found;
import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import io.varve.bench.cluster.Violation.Kind;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Histories by hand: right ones pass, and each thing that may be wrong is named. */
final class HistoryCheckerTest {
  private static final long BOUND = 1_000;
  private static final int OTHER_CLIENT = 1;

  // Client 0 owns series 0 and 1, client 1 owns series 2 and 3.
  private final UniqueSamples samples = new UniqueSamples(7, 2, 2, 1_000_000, 1_000);
  private final List<Operation> history = new ArrayList<>();

  private Write write(int client, long from, long to, int status, String position, Run... runs) {
    Write write = new Write(client, 0, from, to, status, List.of(runs), Position.of(position));
    history.add(write);
    return write;
  }

  private Read read(
      ReadLevel level, @Nullable Write fence, int node, long from, long to, Run run, int... found) {
    Read read =
        new Read(5, node, level, fence, from, to, 200, true, List.of(found(run, found)), null);
    history.add(read);
    return read;
  }

  private static Found found(Run run, int... numbers) {
    BitSet set = new BitSet();
    for (int number : numbers) {
      set.set(number - run.from());
    }
    return new Found(run, set);
  }

  private Verdict verdict() {
    return new HistoryChecker(samples, BOUND).check(history);
  }

  private void expect(Kind kind) {
    Verdict verdict = verdict();
    assertThat(verdict.counts()).isEqualTo(Map.of(kind, 1));
    assertThat(verdict.passed()).isFalse();
    assertThat(verdict.told()).hasSize(1);
  }

  private void expectNothing() {
    Verdict verdict = verdict();
    assertThat(verdict.told()).isEmpty();
    assertThat(verdict.passed()).isTrue();
  }

  @Test
  void rightHistoriesPass() {
    Run run = new Run(0, 10, 14);
    Write first = write(0, 100, 200, 204, "0:1.5", run);
    read(ReadLevel.STRONG, null, 1, 150, 300, run); // it may be there already, or not yet
    read(ReadLevel.STRONG, null, 2, 201, 300, run, 10, 11, 12, 13);
    read(ReadLevel.FENCED, first, 1, 250, 300, run, 10, 11, 12, 13);
    read(ReadLevel.BOUNDED, null, 1, 1_100, 1_200, run);
    read(ReadLevel.BOUNDED, null, 1, 1_300, 1_400, run, 10, 11, 12, 13);
    Run unknown = new Run(0, 14, 16);
    write(0, 2_000, 2_500, 503, "", unknown);
    read(ReadLevel.STRONG, null, 1, 2_600, 2_700, unknown);
    read(ReadLevel.STRONG, null, 1, 2_800, 2_900, unknown, 14, 15); // later all the same
    for (int node = 0; node < 3; node++) {
      read(ReadLevel.FINAL, null, node, 9_000, 9_001, new Run(0, 10, 17), 10, 11, 12, 13, 14, 15);
    }
    expectNothing();
  }

  @Test
  void anAcknowledgedSampleIsLost() {
    write(0, 100, 200, 204, "0:1.5", new Run(1, 0, 3));
    for (int node = 0; node < 3; node++) {
      read(ReadLevel.FINAL, null, node, 9_000, 9_001, new Run(1, 0, 3), 0, 2);
    }
    Verdict verdict = verdict();
    assertThat(verdict.counts()).isEqualTo(Map.of(Kind.LOST, 3));
    assertThat(verdict.told().getFirst().what())
        .isEqualTo("final read of series 1: 1 samples, numbers 1 to 1");
  }

  @Test
  void aStrongReadMissesWhatAnyoneWrote() {
    write(OTHER_CLIENT, 100, 200, 204, "0:1.5", new Run(2, 0, 2));
    read(ReadLevel.STRONG, null, 1, 201, 300, new Run(2, 0, 2), 0);
    expect(Kind.MISSED_STRONG);
  }

  @Test
  void anIdenticalResendDoesNotMakeASampleYounger() {
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    write(0, 400, 600, 204, "0:1.5", new Run(0, 0, 2));
    read(ReadLevel.STRONG, null, 1, 500, 550, new Run(0, 0, 2), 0);
    expect(Kind.MISSED_STRONG);
  }

  @Test
  void aFencedReadMissesWhatItsClientWroteUpToTheFence() {
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    Write fence = write(0, 300, 400, 204, "0:1.6", new Run(1, 0, 2));
    write(0, 500, 600, 204, "0:1.7", new Run(0, 2, 4));
    // What came after the fence may be missing, and what others wrote.
    write(OTHER_CLIENT, 100, 200, 204, "0:1.4", new Run(2, 0, 2));
    read(ReadLevel.FENCED, fence, 1, 700, 800, new Run(0, 0, 4), 0, 1);
    read(ReadLevel.FENCED, fence, 1, 700, 800, new Run(2, 0, 2));
    expectNothing();
    read(ReadLevel.FENCED, fence, 1, 700, 800, new Run(0, 0, 4), 1, 2, 3);
    expect(Kind.MISSED_FENCED);
  }

  @Test
  void aBoundedReadMissesWhatIsOlderThanTheBound() {
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    read(ReadLevel.BOUNDED, null, 1, 200 + BOUND, 2_000, new Run(0, 0, 2));
    expectNothing();
    read(ReadLevel.BOUNDED, null, 1, 201 + BOUND, 2_000, new Run(0, 0, 2), 0);
    expect(Kind.MISSED_BOUNDED);
  }

  @Test
  void aBoundedAnswerMaySayThatItIsIncomplete() {
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    List<Found> nothing = List.of(found(new Run(0, 0, 2)));
    history.add(new Read(5, 1, ReadLevel.BOUNDED, null, 5_000, 5_001, 200, false, nothing, null));
    expectNothing();
  }

  @Test
  void aStrongAnswerMustNotSayThatItIsIncomplete() {
    List<Found> nothing = List.of(found(new Run(0, 0, 2)));
    history.add(new Read(5, 1, ReadLevel.STRONG, null, 5_000, 5_001, 200, false, nothing, null));
    expect(Kind.INCOMPLETE);
  }

  @Test
  void whatNobodySentIsThere() {
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    read(ReadLevel.BOUNDED, null, 1, 300, 400, new Run(0, 0, 5), 0, 1, 4);
    expect(Kind.INVENTED);
  }

  @Test
  void aSampleIsThereBeforeItWasSent() {
    read(ReadLevel.BOUNDED, null, 1, 50, 99, new Run(0, 0, 2), 1);
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    expect(Kind.INVENTED);
  }

  @Test
  void aValueIsNotTheOneThatWasSent() {
    history.add(
        new Read(5, 1, ReadLevel.BOUNDED, null, 1, 2, 200, true, List.of(), "series 0: number 3"));
    expect(Kind.WRONG);
  }

  @Test
  void whatAStrongReadShowedIsGone() {
    Run run = new Run(0, 0, 2);
    write(0, 100, 5_000, Operation.NO_ANSWER, "", run);
    read(ReadLevel.STRONG, null, 1, 200, 300, run, 0, 1);
    read(ReadLevel.STRONG, null, 2, 290, 400, run); // both at one time
    read(ReadLevel.BOUNDED, null, 2, 5_000, 5_100, run); // never acknowledged
    expectNothing();
    read(ReadLevel.STRONG, null, 2, 301, 400, run, 0);
    expect(Kind.VANISHED);
  }

  @Test
  void aPositionGoesBack() {
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    write(OTHER_CLIENT, 250, 290, 204, "0:1.2", new Run(2, 0, 2));
    write(0, 300, 400, 204, "0:1.5", new Run(0, 0, 2));
    write(0, 500, 550, 503, "0:1.1", new Run(0, 2, 3));
    expectNothing();
    write(0, 600, 700, 204, "0:1.4", new Run(0, 2, 4));
    expect(Kind.WENT_BACK);
  }

  @Test
  void nodesHaveDifferentSamplesInTheEnd() {
    write(0, 100, 200, 503, "", new Run(0, 0, 3));
    read(ReadLevel.FINAL, null, 0, 9_000, 9_001, new Run(0, 0, 3), 0, 1, 2);
    read(ReadLevel.FINAL, null, 1, 9_000, 9_001, new Run(0, 0, 3), 0, 1, 2);
    expectNothing();
    read(ReadLevel.FINAL, null, 2, 9_000, 9_001, new Run(0, 0, 3), 0, 2);
    expect(Kind.DIFFERENT);
  }

  @Test
  void aGoodRequestIsCalledBad() {
    write(0, 100, 200, 429, "", new Run(0, 0, 3));
    write(0, 300, 400, 503, "", new Run(0, 0, 3));
    expectNothing();
    write(0, 500, 600, 500, "", new Run(0, 0, 3));
    expect(Kind.ODD_STATUS);
  }

  @Test
  void whatIsMissedOftenIsCountedAndToldSometimes() {
    write(0, 100, 200, 204, "0:1.5", new Run(0, 0, 2));
    for (int i = 0; i < 50; i++) {
      read(ReadLevel.STRONG, null, 1, 300, 400, new Run(0, 0, 2));
    }
    Verdict verdict = verdict();
    assertThat(verdict.counts()).isEqualTo(Map.of(Kind.MISSED_STRONG, 50));
    assertThat(verdict.told()).hasSize(20);
  }

  @Test
  void timesAndValuesTellTheirSample() {
    assertThat(samples.number(samples.timeMillis(123))).isEqualTo(123);
    assertThat(samples.number(samples.timeMillis(123) + 1)).isEqualTo(-1);
    assertThat(samples.number(999_000)).isEqualTo(-1);
    assertThat(samples.value(1, 2)).isNotEqualTo(samples.value(2, 1)).isPositive();
    assertThat(samples.labels(3).canonical()).isNotEmpty();
    assertThat(Position.of("0:3.9").isBehind(Position.of("0:2.10"))).isTrue();
    assertThat(Position.of("0:2.10").isBehind(Position.of("0:3.9"))).isFalse();
    assertThat(Position.of("0:1.9,1:1.5").isBehind(Position.of("0:1.8,1:1.6"))).isTrue();
    assertThat(Position.of("").isBehind(Position.of("0:1.8"))).isFalse();
  }
}
