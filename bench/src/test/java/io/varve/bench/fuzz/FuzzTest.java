package io.varve.bench.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.bench.fuzz.Term.Kind;
import io.varve.engine.Seeds;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Random PromQL over random data: Varve answers as a real Prometheus does. */
@Timeout(120)
final class FuzzTest {
  private static final int QUERIES = 1_200;
  private static final long MOST_NANOS = 12_000_000_000L; // on a slow machine fewer queries will do

  @Test
  void bothAnswerTheSame(@TempDir Path folder) throws Exception {
    Path prometheus = ServerPair.program();
    assumeTrue(prometheus != null, "the Debian package prometheus is not installed");
    long seed = Seeds.usual(20_261_122);
    try (ServerPair servers = ServerPair.start(prometheus, folder)) {
      Fuzz fuzz = new Fuzz(servers, seed, line -> {});
      fuzz.load();
      long end = System.nanoTime() + MOST_NANOS;
      for (int n = 0; n < QUERIES && System.nanoTime() < end; n++) {
        fuzz.query(n);
      }
      System.out.print("FuzzTest: " + fuzz.report());
      assertThat(fuzz.failures()).isEmpty();
      assertThat(fuzz.points()).isGreaterThan(20L * fuzz.queries());
      assertThat(fuzz.errors()).isBetween(fuzz.queries() / 50, fuzz.queries() / 3);
      assertThat(fuzz.accepted()).isLessThan(fuzz.queries() / 25);
    }
  }

  @Test
  void theSameSeedMakesTheSame() throws Exception {
    long seed = Seeds.usual(1);
    assertThat(new ExpressionGenerator(seed).next())
        .isEqualTo(new ExpressionGenerator(seed).next());
    assertThat(new RandomData(seed).bodies())
        .usingElementComparator(Arrays::compare)
        .isEqualTo(new RandomData(seed).bodies());
  }

  @Test
  void aDifferenceIsMadeSmall() throws Exception {
    long seed = Seeds.usual(7);
    int shrunk = 0;
    for (int n = 0; n < 300; n++) {
      Term term = new ExpressionGenerator(seed + n).next();
      if (term.kind() != Kind.VECTOR || !term.has("requests_total", "rate")) {
        continue;
      }
      Term small = Shrinker.shrink(term, candidate -> candidate.has("rate"));
      assertThat(small.size()).as("%s of %s", small, term).isLessThan(12);
      assertThat(small.has("rate")).isTrue();
      shrunk++;
    }
    assertThat(shrunk).isGreaterThan(5);
  }

  @Test
  void differencesAreSeen() throws Exception {
    String one = vector("[{\"metric\":{\"a\":\"b\"},\"value\":[1,\"0.1\"]}]");
    assertThat(difference(one, one)).isNull();
    assertThat(difference(one, one.replace("0.1", "0.10000000000000002"))).isNull();
    assertThat(difference(one, one.replace("0.1", "0.100001"))).contains("0.100001");
    assertThat(difference(one, one.replace("[1,", "[2,"))).contains("is at 2");
    assertThat(difference(one, one.replace("\"b\"", "\"c\""))).contains("missing 1: {a=b}");
    assertThat(difference(one, vector("[]"))).contains("missing 1");
    assertThat(difference(one, "{\"status\":\"error\",\"errorType\":\"execution\"}"))
        .contains("not success");
    assertThat(difference(one.replace("0.1", "0"), one.replace("0.1", "-0"))).isNotNull();
    assertThat(difference(one.replace("0.1", "NaN"), one.replace("0.1", "NaN"))).isNull();
    assertThat(difference(one.replace("0.1", "NaN"), one)).isNotNull();
    assertThat(difference(one.replace("0.1", "+Inf"), one.replace("0.1", "-Inf"))).isNotNull();
  }

  private static String vector(String result) {
    return "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":"
        + result
        + "}}";
  }

  private static @Nullable String difference(String there, String here) throws Exception {
    ObjectMapper json = new ObjectMapper();
    return new Answers(1e-9).difference(json.readTree(there), json.readTree(here), false);
  }
}
