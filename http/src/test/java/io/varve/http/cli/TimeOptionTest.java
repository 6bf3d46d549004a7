package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TimeOptionTest {
  private static final long NOW = 1_700_000_000_000L;

  @ParameterizedTest
  @CsvSource({
    "2023-11-14T22:00:00Z, 1699999200000",
    "2023-11-14t23:00:00.5+01:00, 1699999200500",
    "2023-11-14T22:00, 1699999200000",
    "2023-11-14T22:00:00.250, 1699999200250",
    "2023-11-14, 1699920000000",
    "1699999200, 1699999200000",
    "1699999200.25, 1699999200250",
    "0, 0",
    "now, 1700000000000",
    "-7d, 1699395200000",
    "-1h30m, 1699994600000",
  })
  void readsTimes(String text, long millis) {
    assertThat(TimeOption.parse(text, NOW)).isEqualTo(millis);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "yesterday",
        "2023-11",
        "2023-11-14T",
        "22:00",
        "-",
        "-7",
        "7d",
        "NaN",
        "1e30",
        "-1x"
      })
  void saysWhatATimeIs(String text) {
    assertThatThrownBy(() -> TimeOption.parse(text, NOW))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\" is no time; give RFC 3339");
  }

  @Test
  void whatIsTooLongAgoIsNoTime() {
    assertThatThrownBy(() -> TimeOption.parse("-292471208y", NOW))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
