package io.varve.engine.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.GoldenBytes;
import io.varve.engine.Seeds;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class RetentionPolicyTest {
  private static final long DAY = 86_400_000;

  private static final RetentionRule TEAM =
      rule(null, RetentionRule.ANY, 730 * DAY, Matcher.equal("team", "x"));
  private static final RetentionRule DEBUG =
      rule(null, RetentionRule.RAW, DAY, new Matcher(Matcher.Type.RE, "__name__", "debug_.*"));
  private static final RetentionRule TENANT = rule("a", RetentionRule.ANY, 90 * DAY);
  private static final RetentionRule HOURS =
      rule(null, 3_600_000, RetentionPolicy.FOREVER, Matcher.equal("team", "x"));
  private static final RetentionPolicy POLICY =
      new RetentionPolicy(30 * DAY, List.of(DEBUG, TEAM, TENANT, HOURS));

  private static RetentionRule rule(
      @Nullable String tenant, long resolution, long keep, Matcher... matchers) {
    return new RetentionRule(tenant, List.of(matchers), resolution, keep);
  }

  @Test
  void theStrongestRuleWins() {
    Labels plain = Labels.of("__name__", "m");
    Labels debug = Labels.of("__name__", "debug_m");
    Labels both = Labels.of("__name__", "debug_m", "team", "x");
    assertThat(POLICY.strongest("", plain, 0)).isNull();
    assertThat(POLICY.keepMillis("", plain, 0)).isEqualTo(30 * DAY);
    // A rule may keep less than the default.
    assertThat(POLICY.strongest("", debug, 0)).isEqualTo(DEBUG);
    assertThat(POLICY.keepMillis("", debug, 300_000)).isEqualTo(30 * DAY);
    assertThat(POLICY.strongest("", both, 0)).isEqualTo(TEAM);
    assertThat(POLICY.strongest("a", debug, 0)).isEqualTo(TENANT);
    assertThat(POLICY.keepMillis("", both, 3_600_000)).isEqualTo(RetentionPolicy.FOREVER);
    assertThat(POLICY.keepMillis("a", plain, 3_600_000)).isEqualTo(90 * DAY);
    assertThat(POLICY.keeps(0)).containsExactly(730 * DAY, 90 * DAY, 30 * DAY, DAY);
    assertThat(POLICY.keeps(3_600_000))
        .containsExactly(RetentionPolicy.FOREVER, 730 * DAY, 90 * DAY, 30 * DAY);
    assertThat(POLICY.allKeeps())
        .containsExactly(RetentionPolicy.FOREVER, 730 * DAY, 90 * DAY, 30 * DAY, DAY);
    assertThat(POLICY.longestOfAllMillis()).isEqualTo(RetentionPolicy.FOREVER);
    assertThat(POLICY.longestMillis()).isEqualTo(730 * DAY);
    assertThat(POLICY.longestMillis(3_600_000)).isEqualTo(RetentionPolicy.FOREVER);
    assertThat(POLICY.shortestMillis()).isEqualTo(DAY);
    assertThat(POLICY.isUniform()).isFalse();
    assertThat(RetentionPolicy.KEEP_ALL.isUniform()).isTrue();
  }

  @Test
  void theOrderOfRulesDoesNotMatter() {
    Random random = new Random(Seeds.usual(1));
    for (int round = 0; round < 200; round++) {
      List<RetentionRule> shuffled = new java.util.ArrayList<>(POLICY.rules());
      Collections.shuffle(shuffled, random);
      RetentionPolicy other = new RetentionPolicy(30 * DAY, shuffled);
      Labels labels =
          Labels.of(
              "__name__",
              random.nextBoolean() ? "debug_m" : "m",
              "team",
              random.nextBoolean() ? "x" : "y");
      String tenant = random.nextBoolean() ? "a" : "";
      for (long resolution : new long[] {0, 300_000, 3_600_000}) {
        assertThat(other.keepMillis(tenant, labels, resolution))
            .isEqualTo(POLICY.keepMillis(tenant, labels, resolution));
      }
    }
  }

  @Test
  void classesAreNamedByTheirKeep() {
    assertThat(POLICY.className(30 * DAY)).isEmpty();
    assertThat(POLICY.className(730 * DAY)).isEqualTo("730d");
    assertThat(RetentionPolicy.name(5_400_000)).isEqualTo("90m");
    assertThat(RetentionPolicy.name(1_500)).isEqualTo("1500ms");
    assertThat(RetentionPolicy.name(RetentionPolicy.FOREVER)).isEqualTo("forever");
    assertThat(RetentionPolicy.limit(DAY, RetentionPolicy.FOREVER)).isEqualTo(Long.MIN_VALUE);
    assertThat(RetentionPolicy.limit(3 * DAY, DAY)).isEqualTo(2 * DAY);
  }

  private static byte[] encoded(RetentionPolicy policy) {
    ByteWriter out = new ByteWriter(64);
    policy.encode(out);
    return out.toByteArray();
  }

  /** The example of the package; never to be changed. */
  @Test
  void theExampleIsReadForEver() {
    byte[] example =
        GoldenBytes.hex(
            """
            01
            80 90 FB D3 09
            01
            01 01 61  01  00  01
            00 04 74 65 61 6D 01 78
            """);
    RetentionPolicy policy =
        new RetentionPolicy(
            30 * DAY,
            List.of(
                rule("a", RetentionRule.ANY, RetentionPolicy.FOREVER, Matcher.equal("team", "x"))));
    assertThat(encoded(policy)).isEqualTo(example);
    assertThat(RetentionPolicy.decode(new ByteReader(example, "example"))).isEqualTo(policy);
  }

  @Test
  void hostileBytesAreRefused() {
    byte[] good = encoded(POLICY);
    assertThat(RetentionPolicy.decode(new ByteReader(good, "good"))).isEqualTo(POLICY);
    Random random = new Random(Seeds.usual(2));
    for (int round = 0; round < 20_000; round++) {
      byte[] bad = java.util.Arrays.copyOf(good, random.nextInt(good.length + 3));
      for (int i = random.nextInt(3); i > 0 && bad.length > 0; i--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      try {
        RetentionPolicy policy = RetentionPolicy.decode(new ByteReader(bad, "bad"));
        assertThat(RetentionPolicy.decode(new ByteReader(encoded(policy), "again")))
            .isEqualTo(policy);
      } catch (CorruptDataException e) {
        assertThat(e.getMessage()).startsWith("bad");
      }
    }
    assertThatThrownBy(() -> RetentionPolicy.decode(new ByteReader(new byte[] {2}, "v")))
        .hasMessageContaining("version 2");
  }
}
