package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class SortedTextsTest {
  @Test
  void severalIndexesTellTheirTextsInOrderOrNot() {
    Random random = new Random(Seeds.usual(11));
    for (int round = 0; round < 500; round++) {
      SortedTexts texts = new SortedTexts(QueryBudget.UNLIMITED);
      TreeSet<String> expected = new TreeSet<>(Labels::compareUtf8);
      int indexes = 1 + random.nextInt(4);
      for (int i = 0; i < indexes; i++) {
        List<String> told = new ArrayList<>(expected);
        told.removeIf(text -> random.nextInt(4) == 0);
        for (int more = random.nextInt(20); more > 0; more--) {
          told.add((random.nextBoolean() ? "\uD83D\uDE00" : "\uFFFD") + random.nextInt(30));
        }
        if (random.nextBoolean()) {
          told.sort(Labels::compareUtf8);
        }
        told.forEach(texts);
        expected.addAll(told);
      }
      assertThat(texts.first(0)).containsExactlyElementsOf(expected);
      assertThat(texts.first(3)).containsExactlyElementsOf(expected.stream().limit(3).toList());
    }
  }

  @Test
  void allThatIsKeptIsCharged() {
    AtomicLong charged = new AtomicLong();
    SortedTexts texts =
        new SortedTexts(
            new QueryBudget() {
              @Override
              public void chargeBytes(long bytes) {
                charged.addAndGet(bytes);
              }

              @Override
              public void releaseBytes(long bytes) {}

              @Override
              public void chargeSamples(long samples) {}
            });
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 1_000; i < 2_000; i++) {
        texts.accept("text-" + i);
      }
    }
    assertThat(charged.get()).isGreaterThan(1_000 * 70 - 8_192); // before they are asked for
    assertThat(texts.first(0)).hasSize(1_000);
    assertThat(charged.get()).isEqualTo(1_000 * (64 + 2 * 9));
  }
}
