package io.varve.http.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class GateTest {
  @Test
  void letsAsManyInAsItMayAndTurnsAwayWhoWaitsTooLong() {
    Gate gate = new Gate(2, 50);
    gate.enter();
    gate.enter();
    assertThat(gate.inside()).isEqualTo(2);
    long begin = System.nanoTime();
    assertThatThrownBy(gate::enter)
        .isInstanceOf(Gate.CrowdedException.class)
        .hasMessage("waited 50 ms while 2 others were being worked on");
    assertThat(System.nanoTime() - begin).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(45));
    assertThatThrownBy(() -> gate.enter(0)).isInstanceOf(Gate.CrowdedException.class);
    assertThat(gate.refused()).isEqualTo(2);
    assertThat(gate.waiting()).isZero();
    gate.leave();
    gate.enter();
    assertThat(gate.inside()).isEqualTo(2);
  }

  @Test
  void whoWaitsGetsIn() throws Exception {
    Gate gate = new Gate(1, 10_000);
    gate.enter();
    CountDownLatch in = new CountDownLatch(1);
    Thread waiting =
        Thread.ofVirtual()
            .start(
                () -> {
                  gate.enter();
                  in.countDown();
                });
    while (gate.waiting() == 0) {
      Thread.sleep(1);
    }
    assertThat(in.getCount()).isOne();
    gate.leave();
    assertThat(in.await(5, TimeUnit.SECONDS)).isTrue();
    waiting.join();
    assertThat(gate.inside()).isOne();
    assertThat(gate.refused()).isZero();
  }
}
