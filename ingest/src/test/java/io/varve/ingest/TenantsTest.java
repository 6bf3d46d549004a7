package io.varve.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class TenantsTest {
  @Test
  void noHeaderIsTheDefaultTenant() {
    assertThat(Tenants.parse(null)).isEmpty();
    assertThat(Tenants.parse("")).isEmpty();
    assertThat(Tenants.parse("  ")).isEmpty();
  }

  @Test
  void namesOfAllowedCharacters() {
    for (String name : new String[] {"a", "Team-1_x.y*z'(!)", "0", "a".repeat(150), "..."}) {
      assertThat(Tenants.parse(name)).isEqualTo(name);
    }
    assertThat(Tenants.parse(" team ")).isEqualTo("team");
  }

  @Test
  void otherNamesAreRefusedWithTheReason() {
    refused("a".repeat(151), "too long: 151");
    refused(".", "not allowed");
    refused("..", "not allowed");
    refused("a|b", "several tenants");
    refused("a b", "' '");
    refused("a/b", "'/'");
    refused("ü", "'ü'");
    refused("a\u0000", "unsupported character");
  }

  private static void refused(String name, String text) {
    assertThatThrownBy(() -> Tenants.parse(name))
        .isInstanceOf(InvalidTenantException.class)
        .hasMessageContaining(text);
  }
}
