package io.varve.ingest.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of metrics, units and labels under each strategy. */
final class NamesTest {
  @ParameterizedTest
  @CsvSource({
    "http.server.duration, ms, OTHER, http_server_duration_milliseconds",
    "http.server.requests, {request}, COUNTER, http_server_requests_total",
    "system.network.io, By, COUNTER, system_network_io_bytes_total",
    "system.network.io_total, By, COUNTER, system_network_io_bytes_total",
    "total.things, '', COUNTER, things_total",
    "cpu.use, 1, GAUGE, cpu_use_ratio",
    "cpu.use.ratio, 1, GAUGE, cpu_use_ratio",
    "cpu.use, 1, OTHER, cpu_use",
    "cpu.use, %, GAUGE, cpu_use_percent",
    "speed, m/s, GAUGE, speed_meters_per_second",
    "speed.meters, m/s, GAUGE, speed_meters_per_second",
    "rate, By/{packet}, GAUGE, rate_bytes",
    "rate, {packet}/s, GAUGE, rate_per_second",
    "rate, 1/min, GAUGE, rate_per_min",
    "memory, By, GAUGE, memory_bytes",
    "memory.bytes, By, GAUGE, memory_bytes",
    "a, TiBy, GAUGE, a_tibibytes",
    "a, odd unit!, GAUGE, a_odd_unit_",
    "a, _/b, GAUGE, a_per_b",
    "a, s/, GAUGE, a_seconds",
    "a__b..c, '', GAUGE, a_b_c",
    "_lead.trail_, '', GAUGE, lead_trail",
    "4.five, '', GAUGE, _4_five",
    "a:b, '', GAUGE, a:b",
    "größe, '', GAUGE, gr_e",
  })
  void escapedWithSuffixes(String name, String unit, MetricNames.Kind kind, String expected) {
    assertThat(
            new MetricNames(TranslationStrategy.UNDERSCORE_ESCAPING_WITH_SUFFIXES)
                .of(name, unit, kind))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "http.server.duration, ms, OTHER, http_server_duration",
    "requests, By, COUNTER, requests",
    "a__b..c, '', GAUGE, a__b_c",
    "4.five, '', GAUGE, _4_five",
    "cpu.use, 1, GAUGE, cpu_use",
  })
  void escapedWithoutSuffixes(String name, String unit, MetricNames.Kind kind, String expected) {
    assertThat(
            new MetricNames(TranslationStrategy.UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES)
                .of(name, unit, kind))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "http.server.duration, ms, OTHER, http.server.duration_milliseconds",
    "system.io, By, COUNTER, system.io_bytes_total",
    "system.io.total, By, COUNTER, system.io_bytes_total",
    "system.io_bytes, By, COUNTER, system.io_bytes_total",
    "cpu.use, 1, GAUGE, cpu.use_ratio",
    "cpu.use.ratio, 1, GAUGE, cpu.use_ratio",
    "speed, m/s, GAUGE, speed_meters_per_second",
    "speed.per_second, m/s, GAUGE, speed_meters_per_second",
    "größe, m, GAUGE, größe_meters",
    "total, '', COUNTER, total_total",
  })
  void plainWithSuffixes(String name, String unit, MetricNames.Kind kind, String expected) {
    assertThat(
            new MetricNames(TranslationStrategy.NO_UTF8_ESCAPING_WITH_SUFFIXES)
                .of(name, unit, kind))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http.server.duration", "größe", "a__b", "__", "4 five"})
  void untranslated(String name) {
    assertThat(
            new MetricNames(TranslationStrategy.NO_TRANSLATION)
                .of(name, "By", MetricNames.Kind.COUNTER))
        .isEqualTo(name);
  }

  @Test
  void namesOfNothingAreRefused() {
    MetricNames names = new MetricNames(TranslationStrategy.UNDERSCORE_ESCAPING_WITH_SUFFIXES);
    assertThatThrownBy(() -> names.of("...", "", MetricNames.Kind.GAUGE))
        .hasMessage("normalization for metric \"...\" resulted in empty name");
    MetricNames without = new MetricNames(TranslationStrategy.UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES);
    assertThatThrownBy(() -> without.of("_._", "", MetricNames.Kind.GAUGE))
        .hasMessage("normalization for metric \"_._\" resulted in invalid name \"___\"");
  }

  @ParameterizedTest
  @CsvSource({
    "s, seconds",
    "By/s, bytes_per_second",
    "1, ''",
    "{request}, ''",
    "requests/h, requests_per_hour",
    "/s, per_second",
    "m^2, m_2",
    "$, ''",
  })
  void unitsInWords(String unit, String expected) {
    assertThat(MetricNames.unit(unit, true)).isEqualTo(expected);
  }

  private static String label(String name, boolean sanitize, boolean preserve) {
    OtlpSettings d = OtlpSettings.DEFAULT;
    return new LabelNames(
            new OtlpSettings(
                d.strategy(),
                false,
                d.attributes(),
                false,
                false,
                false,
                sanitize,
                preserve,
                OtlpDeltas.DEFAULT,
                false,
                1))
        .of(name);
  }

  @ParameterizedTest
  @CsvSource({
    "http.method, http_method, http_method, http_method",
    "a..b, a__b, a_b, a__b",
    "_a, key_a, key_a, _a",
    "__a, __a, key_a, __a",
    "__a..b__, __a__b__, __a_b__, __a__b__",
    "0a, key_0a, key_0a, key_0a",
    "größe, gr__e, gr_e, gr__e",
    "😀x, key_x, key_x, _x",
  })
  void labels(String name, String byDefault, String collapsed, String unsanitized) {
    assertThat(label(name, true, true)).isEqualTo(byDefault);
    assertThat(label(name, true, false)).isEqualTo(collapsed);
    assertThat(label(name, false, true)).isEqualTo(unsanitized);
  }

  @Test
  void labelsOfNothingAreRefused() {
    assertThatThrownBy(() -> label("", true, true)).hasMessage("label name is empty");
    assertThatThrownBy(() -> label("..", true, true))
        .hasMessage("normalization for label name \"..\" resulted in invalid name \"__\"");
  }

  @ParameterizedTest
  @CsvSource({
    "0.1, 0.1, 0.1",
    "10, 10, 10",
    "1e-7, 0.0000001, 1e-7",
    "-1.25e-10, -0.000000000125, -1.25e-10",
    "1e21, 1000000000000000000000, 1e+21",
    "123456789, 123456789, 123456789",
    "-0.0, -0, -0",
    "0, 0, 0",
    "1e-6, 0.000001, 0.000001",
    "5e-324, 0." + ZEROS + "5, 5e-324",
  })
  void numbersAsText(double value, String plain, String json) {
    assertThat(Decimal.plain(value)).isEqualTo(plain);
    assertThat(Decimal.json(value)).isEqualTo(json);
  }

  private static final String ZEROS =
      "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          + "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          + "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
          + "000000000000000000000000000000000000000000000000000000000";
}
