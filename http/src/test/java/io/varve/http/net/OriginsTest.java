package io.varve.http.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.ValueTest;
import org.junit.jupiter.api.Test;

final class OriginsTest {
  @Test
  void onlyWholeOriginsThatMatchAreNamed() {
    Origins origins = Origins.of(ValueTest.regex("https://(a|b)\\.example")::accepts);
    assertThat(origins.allowed("https://a.example")).isEqualTo("https://a.example");
    assertThat(origins.allowed("https://a.example.org")).isNull();
    assertThat(origins.allowed("http://a.example")).isNull();
    assertThat(Origins.ALL.allowed("https://anything")).isEqualTo("*");
  }
}
