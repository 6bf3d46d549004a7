package io.varve.http.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ArgumentsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1435781451.781, 1435781451781",
    "1e9, 1000000000000",
    "-1.5, -1500",
    "-0.0015, -2",
    "1.0004999, 1000",
    "1.0005001, 1001",
    "0x10p0, 16000",
    "1700000400.285, 1700000400285",
    "1700000000000, 1700000000000000",
    "1e30, 1152921504606846976",
    "-1e30, -1152921504606846976",
    "+Inf, 1152921504606846976",
    "2015-07-01T20:10:51Z, 1435781451000",
    "2015-07-01T20:10:51.781Z, 1435781451781",
    "2015-07-01T20:10:51.7819999999999Z, 1435781451781",
    "2015-07-01T22:10:51.781+02:00, 1435781451781",
    "1969-12-31T23:59:59.999Z, -1",
    "-292273086-05-16T16:47:06Z, -1152921504606846976",
    "292277025-08-18T07:12:54.999999999Z, 1152921504606846976",
  })
  void timesAreReadAsPrometheusReadsThem(String text, long millis) {
    assertThat(Arguments.parseTime(text)).isEqualTo(millis);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "nan",
        "1d",
        "1_000",
        " 1",
        "1 ",
        "0x1",
        "1e400",
        "2015-07-01",
        "2015-13-01T00:00:00Z",
        "2015-07-01t20:10:51z",
        "2015-07-01T20:10:51",
        "Infinity1",
        "1f",
        "12:30"
      })
  void otherTimesAreRefused(String text) {
    assertThatThrownBy(() -> Arguments.parseTime(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cannot parse \"" + text + "\" to a valid timestamp");
  }

  @ParameterizedTest
  @CsvSource({
    "15, 15000",
    "0.5, 500",
    "0.0009, 0",
    "1e2, 100000",
    "-1, -1000",
    "15s, 15000",
    "1h30m, 5400000",
    "1d, 86400000",
    "100ms, 100",
    "0, 0",
  })
  void durationsAreSecondsOrWithUnits(String text, long millis) {
    assertThat(Arguments.parseDuration(text)).isEqualTo(millis);
  }

  @ParameterizedTest
  @CsvSource({
    "'', cannot parse \"\" to a valid duration",
    "x, cannot parse \"x\" to a valid duration",
    "1m1h, cannot parse \"1m1h\" to a valid duration",
    "-5m, cannot parse \"-5m\" to a valid duration",
    "1e10, cannot parse \"1e10\" to a valid duration. It overflows int64",
    "nan, cannot parse \"nan\" to a valid duration. It overflows int64",
  })
  void otherDurationsAreRefused(String text, String message) {
    assertThatThrownBy(() -> Arguments.parseDuration(text)).hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource({
    "job, job",
    "U__http_2e_status, http.status",
    "U__a__b, a_b",
    "U___5f_x, _x",
    "U__caf_e9_, caf\u00e9",
    "U___1f600_, \ud83d\ude00",
    "U__, ''",
    "U__a_, U__a_",
    "U__a_zz_, U__a_zz_",
    "U__a_1000000_, U__a_1000000_",
    "U__a_110000_, U__a_110000_",
    "U__a_d800_, U__a_d800_",
    "U_x, U_x",
  })
  void escapedNamesAreReadAndWhatIsNotOneStandsForItself(String escaped, String name) {
    assertThat(LabelValuesHandler.unescape(escaped)).isEqualTo(name);
  }
}
