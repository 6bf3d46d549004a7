package io.varve.bench.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the query benchmark calls the same answer, and the queries it asks. */
final class QueryAnswerTest {
  private static QueryAnswer range(String values) throws IOException {
    return QueryAnswer.parse(
        """
        {"status":"success","data":{"resultType":"matrix","result":[
          {"metric":{"b":"2","a":"1"},"values":[%s]},{"metric":{},"values":[[1,"1"]]}]}}
        """
            .formatted(values));
  }

  @Test
  void valuesMayDifferByTheToleranceOnly() throws IOException {
    QueryAnswer expected = range("[1.5,\"100\"],[2,\"NaN\"],[3,\"+Inf\"]");
    assertThat(expected.size()).isEqualTo(2);
    assertThat(expected.difference(expected, 1e-9)).isNull();
    assertThat(range("[1.5,\"100.00000001\"],[2,\"NaN\"],[3,\"+Inf\"]").difference(expected, 1e-9))
        .isNull();
    assertThat(range("[1.5,\"100.001\"],[2,\"NaN\"],[3,\"+Inf\"]").difference(expected, 1e-9))
        .contains("{a=1, b=2} is 100.001");
    assertThat(range("[1.5,\"100\"],[2,\"0\"],[3,\"+Inf\"]").difference(expected, 1e-9))
        .contains("not NaN");
    assertThat(range("[1.5,\"100\"],[2,\"NaN\"],[3,\"-Inf\"]").difference(expected, 1e-9))
        .contains("not Infinity");
    assertThat(range("[1.6,\"100\"],[2,\"NaN\"],[3,\"+Inf\"]").difference(expected, 1e-9))
        .contains("@1.6");
    assertThat(range("[1.5,\"100\"]").difference(expected, 1e-9)).contains("1 points, not 3");
  }

  @Test
  void seriesAndNamesAreComparedInBothDirections() throws IOException {
    QueryAnswer two = QueryAnswer.parse("{\"status\":\"success\",\"data\":[\"b\",\"a\"]}");
    QueryAnswer one = QueryAnswer.parse("{\"status\":\"success\",\"data\":[\"a\"]}");
    assertThat(one.difference(two, 0)).isEqualTo("misses b");
    assertThat(two.difference(one, 0)).isEqualTo("has b too much");
    QueryAnswer series =
        QueryAnswer.parse("{\"status\":\"success\",\"data\":[{\"y\":\"1\",\"x\":\"2\"}]}");
    assertThat(
            series.difference(
                QueryAnswer.parse("{\"status\":\"success\",\"data\":[{\"x\":\"2\",\"y\":\"1\"}]}"),
                0))
        .isNull();
  }

  @Test
  void anErrorIsNoAnswer() {
    assertThatThrownBy(() -> QueryAnswer.parse("{\"status\":\"error\",\"error\":\"no\"}"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no");
  }

  @Test
  void timesAreRankedNotInterpolatedAtTheirEnd() {
    QueryTimes times = QueryTimes.of(9, new double[] {4, 1, 3, 2}, 1, 1);
    assertThat(times.median()).isEqualTo(2.5);
    assertThat(times.p99()).isEqualTo(4);
  }

  @Test
  void everyQueryIsAskedOnceAndPastTheCaches() {
    List<BenchQuery> queries = BenchQuery.all(1_790_000_000_000L, 6, "h", "x_bucket");
    assertThat(queries).hasSizeGreaterThan(35).doesNotHaveDuplicates();
    assertThat(queries).allMatch(q -> q.path(CacheUse.OFF, 3).contains("nocache=1"));
    assertThat(queries).anyMatch(q -> q.text().contains("histogram_quantile"));
    assertThat(BenchQuery.all(1_790_000_000_000L, 6, "h", null))
        .noneMatch(q -> q.text().contains("histogram_quantile"));
  }
}
