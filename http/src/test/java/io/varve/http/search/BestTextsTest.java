package io.varve.http.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.QueryBudget;
import io.varve.engine.Seeds;
import io.varve.engine.model.Labels;
import io.varve.http.search.BestTexts.Order;
import io.varve.http.search.BestTexts.Scored;
import io.varve.http.search.SearchTerms.Algorithm;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class BestTextsTest {
  /** Counts what is held. */
  private static final class Counted implements QueryBudget {
    private long held;

    @Override
    public void chargeBytes(long bytes) {
      held += bytes;
    }

    @Override
    public void releaseBytes(long bytes) {
      held -= bytes;
    }

    @Override
    public void chargeSamples(long samples) {}
  }

  @Test
  void whatComesOutIsWhatSortingEverythingWouldGive() {
    SplittableRandom random = new SplittableRandom(Seeds.usual(1));
    for (int round = 0; round < 200; round++) {
      List<String> texts = new ArrayList<>();
      for (int i = random.nextInt(60); i >= 0; i--) {
        StringBuilder text = new StringBuilder();
        for (int k = random.nextInt(6); k >= 0; k--) {
          text.appendCodePoint("ab\uD83D\uDE00\uFF5E".codePoints().toArray()[random.nextInt(4)]);
        }
        texts.add(text.toString());
      }
      for (Order order : Order.values()) {
        int most = 1 + random.nextInt(20);
        SearchTerms terms =
            new SearchTerms(
                random.nextBoolean() ? List.of("ab", "\uFF5E") : List.of(),
                random.nextBoolean() ? Algorithm.SUBSEQUENCE : Algorithm.JARO_WINKLER,
                random.nextInt(3) * 0.4,
                true);
        BestTexts best = new BestTexts(terms, order, most, new Counted());
        texts.forEach(best);
        texts.forEach(best); // as from another window
        assertThat(best.found()).isEqualTo(sorted(texts, terms, order, most));
      }
    }
  }

  private static List<Scored> sorted(List<String> texts, SearchTerms terms, Order order, int most) {
    Comparator<Scored> byText = (a, b) -> Labels.compareUtf8(a.text(), b.text());
    return texts.stream()
        .distinct()
        .map(text -> new Scored(text, terms.score(text)))
        .filter(scored -> scored.score() >= 0)
        .sorted(
            switch (order) {
              case ASCENDING -> byText;
              case DESCENDING -> byText.reversed();
              case SCORE ->
                  Comparator.comparingDouble(Scored::score).reversed().thenComparing(byText);
            })
        .limit(most)
        .toList();
  }

  @Test
  void noMoreIsHeldThanIsWanted() {
    Counted budget = new Counted();
    BestTexts best =
        new BestTexts(
            new SearchTerms(List.of(), Algorithm.SUBSEQUENCE, 0, true),
            Order.DESCENDING,
            3,
            budget);
    for (int i = 100_000; i < 200_000; i++) {
      best.accept("text-" + i);
    }
    assertThat(best.found())
        .extracting(Scored::text)
        .containsExactly("text-199999", "text-199998", "text-199997");
    assertThat(budget.held).isBetween(1L, 1_000L);
  }
}
