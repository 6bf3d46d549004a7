package io.varve.http.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.http.search.SearchTerms.Algorithm;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SearchTermsTest {
  private static double score(String term, String text, Algorithm algorithm, double threshold) {
    return new SearchTerms(List.of(term), algorithm, threshold, true).score(text);
  }

  /** Worked out by hand: (sum of run² - gaps / length - rest / (2 length)) / term². */
  @ParameterizedTest
  @CsvSource({
    "my, my awesome text, 1", // a prefix is as good as the whole
    "tex, my awesome text, 0.914814814814815", // (9 - 11/15 - 1/30) / 9
    "met, my awesome text, 0.477777777777778", // (5 - 9/15 - 3/30) / 9, from the later m
    "bac, babac, 0.955555555555556", // (9 - 2/5) / 9, better than from the first b
    "abaa, abbaa, 0.4875", // (4 + 4 - 1/5) / 16: what comes first is taken
    "oa, goat, 0.90625", // (4 - 1/4 - 1/8) / 4
    "aé, xaéb, 0.90625", // characters, not bytes
    "abcd, abc, -1",
    "abc, éé, -1",
    "xyz, abc, -1",
    "é, ã, -1",
    "a, '', -1",
    "😀b, a😀b, 0.916666666666667" // (4 - 1/3) / 4
  })
  void subsequences(String term, String text, double expected) {
    assertThat(score(term, text, Algorithm.SUBSEQUENCE, 0)).isEqualTo(expected, within(1e-14));
  }

  @Test
  void aThresholdIsTheLeastScore() {
    assertThat(score("oa", "goat", Algorithm.SUBSEQUENCE, 0.90625)).isEqualTo(0.90625);
    assertThat(score("oa", "goat", Algorithm.SUBSEQUENCE, 0.91)).isNegative();
    assertThat(score("go", "goat", Algorithm.SUBSEQUENCE, 1)).isEqualTo(1);
  }

  /** The examples of the literature, to six places. */
  @ParameterizedTest
  @CsvSource({
    "martha, marhta, 0.961111",
    "dwayne, duane, 0.840000",
    "dixon, dicksonx, 0.813333",
    "mimir, mimer, 0.906667",
    "abc, xyz, 0",
    "a, b, 0",
    "café, cafe, 0.883333",
    "màrthà, màrhtà, 0.961111",
    "ab, ba, 0",
    "prometheus, prometheus, 1"
  })
  void jaroAndWinkler(String a, String b, double expected) {
    for (String[] pair : new String[][] {{a, b}, {b, a}}) {
      CodePoints term = new CodePoints();
      term.set(pair[0], false);
      CodePoints text = new CodePoints();
      text.set("x".repeat(300) + pair[0], false); // scratch memory with traces of another text
      JaroWinkler measure = new JaroWinkler(term, 0.9);
      measure.score(text);
      text.set(pair[1], false);
      assertThat(measure.score(text)).isEqualTo(expected, within(5e-7));
    }
  }

  @Test
  void jaroAndWinklerFindPartsFirst() {
    // A part scores by where it stands: at the begin 1, at the end 0.1.
    assertThat(score("up", "up_time", Algorithm.JARO_WINKLER, 0.9)).isEqualTo(1);
    assertThat(score("up", "group", Algorithm.JARO_WINKLER, 0.9)).isEqualTo(0.1, within(1e-15));
    assertThat(score("up", "éuppp", Algorithm.JARO_WINKLER, 0)).isEqualTo(0.7, within(1e-15));
    // What is only similar must reach the threshold, and without one is not looked for.
    assertThat(score("marhta", "martha", Algorithm.JARO_WINKLER, 0.96)).isGreaterThan(0.96);
    assertThat(score("marhta", "martha", Algorithm.JARO_WINKLER, 0.97)).isNegative();
    assertThat(score("marhta", "martha", Algorithm.JARO_WINKLER, 0)).isNegative();
  }

  @Test
  void oneOfSeveralTermsIsEnoughAndTheBestCounts() {
    SearchTerms terms =
        new SearchTerms(List.of("", "text", "MET"), Algorithm.SUBSEQUENCE, 0, false);
    assertThat(terms.score("My Awesome T")).isEqualTo((5 - 9 / 12.0) / 9, within(1e-15));
    assertThat(terms.score("Text")).isEqualTo(1);
    assertThat(terms.score("zebra")).isNegative();
    assertThat(terms.matchAll()).isFalse();
    SearchTerms all = new SearchTerms(List.of(""), Algorithm.SUBSEQUENCE, 0.5, true);
    assertThat(all.matchAll()).isTrue();
    assertThat(all.score("anything")).isEqualTo(1);
  }
}
