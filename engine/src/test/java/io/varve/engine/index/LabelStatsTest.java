package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.index.LabelStats.Count;
import io.varve.engine.model.Labels;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabelStatsTest {
  @Test
  void countsWhatStatusShows() {
    SeriesList series = new SeriesList();
    for (int i = 0; i < 10; i++) {
      series.add("", Labels.of("__name__", i < 7 ? "up" : "ünder", "i", "" + i, "job", "j"));
    }
    series.add("other", Labels.of("__name__", "elsewhere"));
    MemoryIndex index = new MemoryIndex(series);
    for (int i = 0; i < series.size(); i++) {
      index.add(i, series.tenant(i), series.array(i), 0, series.length(i));
    }
    LabelStats stats = LabelStats.of(index, "", 2);
    assertThat(stats.series()).isEqualTo(10);
    assertThat(stats.labelPairs()).isEqualTo(13);
    assertThat(stats.seriesByMetric()).containsExactly(new Count("up", 7), new Count("ünder", 3));
    assertThat(stats.valuesByLabel()).containsExactly(new Count("i", 10), new Count("__name__", 2));
    assertThat(stats.valueBytesByLabel())
        .containsExactly(new Count("__name__", 7 * 2 + 3 * 6), new Count("i", 10));
    assertThat(stats.seriesByPair())
        .isEqualTo(List.of(new Count("job=j", 10), new Count("__name__=up", 7)));
    assertThat(LabelStats.of(index, "absent", 10).series()).isZero();
  }
}
