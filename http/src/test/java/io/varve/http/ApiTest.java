package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The JSON API over a real socket and a real engine, to the letter. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ApiTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A round time, so that texts are readable: 2023-11-14T22:00:00Z. */
  private static final long T = 1_700_000_400_000L;

  private final HttpClient client = HttpClient.newHttpClient();
  private Server server;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    server =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("data")));
    assertThat(status("/-/ready")).isEqualTo(503);
    assertThat(status("/-/healthy")).isEqualTo(200);
    assertThat(status("/metrics")).isEqualTo(200);
    HttpResponse<String> early = get("/api/v1/query?query=up");
    assertThat(early.statusCode()).isEqualTo(503);
    assertThat(early.body()).isEqualTo("Service Unavailable");
    assertThat(early.headers().firstValue("X-Prometheus-Stopping")).hasValue("false");
    assertThat(write(new RemoteWriteBody().sample(T, 1, "__name__", "m"), "").statusCode())
        .isEqualTo(503);

    assertThat(server.recover()).contains("0 series");
    assertThat(status("/-/ready")).isEqualTo(200);
    RemoteWriteBody body =
        new RemoteWriteBody()
            .sample(T, 1.5, "__name__", "temp", "room", "a")
            .sample(T + 15_000, 2, "__name__", "temp", "room", "a")
            .sample(T + 15_500, 1e-7, "__name__", "temp", "room", "a")
            .sample(T, Double.NaN, "__name__", "temp", "room", "b")
            .sample(T, 1e21, "__name__", "big", "room", "<&>\u00e9")
            .sample(T, Double.POSITIVE_INFINITY, "__name__", "infinite")
            .sample(T, -0.0, "__name__", "zero", "http.status", "200")
            .exemplar(T + 1, 0.25, "trace_id", "x")
            .metadata(2, "temp", "How <warm> it is", "celsius");
    HttpResponse<String> written = write(body, "");
    assertThat(written.statusCode()).as(written.body()).isEqualTo(204);
    assertThat(written.body()).isEmpty();
    assertThat(
            write(new RemoteWriteBody().sample(T, 7, "__name__", "temp", "room", "c"), "other")
                .statusCode())
        .isEqualTo(204);
  }

  @AfterAll
  void stop() throws IOException {
    server.close();
    client.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          query=temp&time=1700000400                        | {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"temp","room":"a"},"value":[1700000400,"1.5"]},{"metric":{"__name__":"temp","room":"b"},"value":[1700000400,"NaN"]}]}}
          query=temp&time=2023-11-14T22:20:15.500Z          | {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"temp","room":"a"},"value":[1700000415.500,"1e-07"]},{"metric":{"__name__":"temp","room":"b"},"value":[1700000415.500,"NaN"]}]}}
          query=temp{room="a"}[1m]&time=1700000415.5        | {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"temp","room":"a"},"values":[[1700000400,"1.5"],[1700000415,"2"],[1700000415.500,"1e-07"]]}]}}
          query=big&time=1700000400.001                     | {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"big","room":"<&>é"},"value":[1700000400.001,"1e+21"]}]}}
          query=infinite&time=1700000400                         | {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"infinite"},"value":[1700000400,"+Inf"]}]}}
          query={"zero"}&time=1700000400                    | {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"zero","http.status":"200"},"value":[1700000400,"-0"]}]}}
          query=1e-7&time=1435781451.08                     | {"status":"success","data":{"resultType":"scalar","result":[1435781451.08,"0.0000001"]}}
          query=1e21&time=0                                 | {"status":"success","data":{"resultType":"scalar","result":[0,"1000000000000000000000"]}}
          query="<a>"&time=1.5                              | {"status":"success","data":{"resultType":"string","result":[1.5,"\\u003ca\\u003e"]}}
          query="a\\xffb"&time=1.5                          | {"status":"success","data":{"resultType":"string","result":[1.5,"a\uFFFDb"]}}
          query=nothing&time=1700000400                     | {"status":"success","data":{"resultType":"vector","result":[]}}
          query=temp&time=1700000400&limit=1                | {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"temp","room":"a"},"value":[1700000400,"1.5"]}]},"warnings":["results truncated due to limit"]}
          query=temp{room="a"}&time=1700000420&lookback_delta=5  | {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"temp","room":"a"},"value":[1700000420,"1e-07"]}]}}
          query=temp{room="a"}&time=1700000420&lookback_delta=4s | {"status":"success","data":{"resultType":"vector","result":[]}}
          """)
  void instantQueriesAnswerToTheLetter(String arguments, String expected) throws Exception {
    HttpResponse<String> response = get("/api/v1/query?" + escape(arguments));
    assertThat(response.body()).isEqualTo(expected);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    // By POST the same, and the body wins over the URL.
    HttpResponse<String> posted = post("/api/v1/query?query=other", escape(arguments));
    assertThat(posted.body()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          query=temp{room="a"}&start=1700000400&end=1700000430&step=15 | {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"temp","room":"a"},"values":[[1700000400,"1.5"],[1700000415,"2"],[1700000430,"1e-07"]]}]}}
          query=2&start=0&end=1&step=500ms                             | {"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[0,"2"],[0.500,"2"],[1,"2"]]}]}}
          query=2&start=5&end=5&step=0.5                               | {"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[5,"2"]]}]}}
          query=nothing&start=0&end=1&step=1                           | {"status":"success","data":{"resultType":"matrix","result":[]}}
          """)
  void rangeQueriesAnswerToTheLetter(String arguments, String expected) throws Exception {
    assertThat(get("/api/v1/query_range?" + escape(arguments)).body()).isEqualTo(expected);
    assertThat(post("/api/v1/query_range", escape(arguments)).body()).isEqualTo(expected);
  }

  /** Where the links of notifications lead. */
  @Test
  void aGraphIsTheAnswerOfItsQuery() throws Exception {
    HttpResponse<String> response = get("/graph?g0.expr=temp%20%3E%201&g0.tab=1");
    assertThat(response.statusCode()).isEqualTo(302);
    String to = response.headers().firstValue("Location").orElseThrow();
    assertThat(to).isEqualTo("api/v1/query?query=temp+%3E+1");
    assertThat(get("/" + to).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          query                                            | 400 | bad_data | invalid parameter "query": unknown position: parse error: no expression found in input
          query?query=up[                                  | 400 | bad_data | *invalid parameter "query": 1:
          query?query=up&time=x                            | 400 | bad_data | invalid parameter "time": cannot parse "x" to a valid timestamp
          query?query=up&timeout=x                         | 400 | bad_data | invalid parameter "timeout": cannot parse "x" to a valid duration
          query?query=up&timeout=0s                        | 503 | timeout | query timed out in expression evaluation
          query?query=up&timeout=1e30                      | 400 | bad_data | invalid parameter "timeout": cannot parse "1e30" to a valid duration. It overflows int64
          query?query=up&limit=-1                          | 400 | bad_data | invalid parameter "limit": limit must be non-negative
          query?query=up&limit=a                           | 400 | bad_data | invalid parameter "limit": strconv.Atoi: parsing "a": invalid syntax
          query?query=up&limit=99999999999999999999        | 400 | bad_data | invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range
          status/tsdb?limit=9223372036854775807            | 400 | bad_data | limit must not exceed 10000
          query?query=up&limit=9223372036854775808         | 400 | bad_data | invalid parameter "limit": strconv.Atoi: parsing "9223372036854775808": value out of range
          query?query=up&limit=-9223372036854775808        | 400 | bad_data | invalid parameter "limit": limit must be non-negative
          query?query=up&lookback_delta=x                  | 400 | bad_data | error parsing lookback delta duration: cannot parse "x" to a valid duration
          query?query=label_replace(temp,"a","$1","b","(") | 422 | execution | *invalid regular expression in label_replace(): (
          query_range?query=up                             | 400 | bad_data | invalid parameter "start": cannot parse "" to a valid timestamp
          query_range?query=up&start=0                     | 400 | bad_data | invalid parameter "end": cannot parse "" to a valid timestamp
          query_range?query=up&start=1&end=0&step=1        | 400 | bad_data | invalid parameter "end": end timestamp must not be before start time
          query_range?query=up&start=0&end=1               | 400 | bad_data | invalid parameter "step": cannot parse "" to a valid duration
          query_range?query=up&start=0&end=1&step=-1       | 400 | bad_data | invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer
          query_range?query=up&start=0&end=1&step=0.0001   | 400 | bad_data | invalid parameter "step": a step of less than a millisecond is not possible
          query_range?query=up&start=0&end=11001&step=1    | 400 | bad_data | exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)
          query_range?query=up[5m]&start=0&end=1&step=1    | 400 | bad_data | invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector
          series                                           | 400 | bad_data | no match[] parameter provided
          series?match[]={}                                | 400 | bad_data | invalid parameter "match[]": match[] must contain at least one non-empty matcher
          series?match[]={                                 | 400 | bad_data | *invalid parameter "match[]": 1:
          labels?match[]={a=~".*"}                         | 400 | bad_data | match[] must contain at least one non-empty matcher
          labels?start=x                                   | 400 | bad_data | invalid parameter "start": cannot parse "x" to a valid timestamp
          metadata?limit=x                                 | 400 | bad_data | limit must be a number
          metadata?limit_per_metric=x                      | 400 | bad_data | limit_per_metric must be a number
          status/tsdb?limit=0                              | 400 | bad_data | limit must be a positive number
          status/tsdb?limit=10001                          | 400 | bad_data | limit must not exceed 10000
          query_exemplars?query=up(                        | 400 | bad_data | *1:
          query_exemplars?query=up&start=2&end=1           | 400 | bad_data | end timestamp must not be before start timestamp
          query?query=temp @ 1700000400 + on() temp @ 1700000400 | 422 | execution | *many-to-many matching not allowed
          """)
  void errorsSayWhatIsWrong(String pathAndQuery, int status, String type, String message)
      throws Exception {
    int mark = pathAndQuery.indexOf('?');
    String uri =
        "/api/v1/"
            + (mark < 0
                ? pathAndQuery
                : pathAndQuery.substring(0, mark + 1) + escape(pathAndQuery.substring(mark + 1)));
    HttpResponse<String> response = get(uri);
    JsonNode answer = JSON.readTree(response.body());
    assertThat(answer.get("status").asText()).isEqualTo("error");
    assertThat(answer.get("errorType").asText()).isEqualTo(type);
    String error = answer.get("error").asText();
    if (message.startsWith("*")) {
      assertThat(error).contains(message.substring(1));
    } else {
      assertThat(error).isEqualTo(message);
    }
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(answer.has("data")).isFalse();
  }

  @Test
  void elevenThousandIntervalsPass() throws Exception {
    JsonNode answer = json("/api/v1/query_range?query=1&start=0&end=11000&step=1");
    assertThat(answer.at("/data/result/0/values")).hasSize(11_001);
  }

  @Test
  void farTimesAreNoErrors() throws Exception {
    assertThat(json("/api/v1/query_exemplars?query=test&start=1700000000000&end=1700000000001"))
        .isEqualTo(JSON.readTree("{\"status\":\"success\",\"data\":[]}"));
    for (String time :
        new String[] {"1700000400000", "-292273086-05-16T16:47:06Z", "1e30", "-1e30"}) {
      assertThat(json("/api/v1/query?query=temp&time=" + time).at("/data/result")).isEmpty();
    }
    assertThat(
            json("/api/v1/labels?start=-292273086-05-16T16:47:06Z"
                    + "&end=292277025-08-18T07:12:54.999999999Z")
                .at("/data"))
        .isNotEmpty();
  }

  @Test
  void labelsValuesAndSeriesAreListed() throws Exception {
    assertThat(data("/api/v1/labels")).isEqualTo("[\"__name__\",\"http.status\",\"room\"]");
    assertThat(data("/api/v1/labels?match[]=temp")).isEqualTo("[\"__name__\",\"room\"]");
    assertThat(data("/api/v1/labels?match[]=infinite&match[]={\"http.status\"=\"200\"}"))
        .isEqualTo("[\"__name__\",\"http.status\"]");
    assertThat(data("/api/v1/label/__name__/values"))
        .isEqualTo("[\"big\",\"infinite\",\"temp\",\"zero\"]");
    assertThat(data("/api/v1/label/room/values?match[]=temp")).isEqualTo("[\"a\",\"b\"]");
    assertThat(data("/api/v1/label/U__http_2e_status/values")).isEqualTo("[\"200\"]");
    assertThat(data("/api/v1/label/http.status/values")).isEqualTo("[\"200\"]");
    assertThat(data("/api/v1/label/none/values")).isEqualTo("[]");
    assertThat(data("/api/v1/series?match[]=temp"))
        .isEqualTo(
            "[{\"__name__\":\"temp\",\"room\":\"a\"},{\"__name__\":\"temp\",\"room\":\"b\"}]");
    assertThat(data("/api/v1/series?match[]=temp&match[]={room=\"b\"}&match[]=infinite"))
        .isEqualTo(
            "[{\"__name__\":\"infinite\"},{\"__name__\":\"temp\",\"room\":\"a\"},"
                + "{\"__name__\":\"temp\",\"room\":\"b\"}]");
    assertThat(post("/api/v1/series", escape("match[]=infinite")).body())
        .isEqualTo("{\"status\":\"success\",\"data\":[{\"__name__\":\"infinite\"}]}");
    assertThat(post("/api/v1/labels", escape("match[]=infinite")).body())
        .isEqualTo("{\"status\":\"success\",\"data\":[\"__name__\"]}");
    assertThat(get("/api/v1/series?match[]=infinite&start=100&end=200").body())
        .isEqualTo("{\"status\":\"success\",\"data\":[]}");
  }

  @Test
  void limitsCutAndSaySo() throws Exception {
    String warning = ",\"warnings\":[\"results truncated due to limit\"]}";
    assertThat(get("/api/v1/labels?limit=2").body())
        .isEqualTo("{\"status\":\"success\",\"data\":[\"__name__\",\"http.status\"]" + warning);
    assertThat(get("/api/v1/label/__name__/values?limit=1").body())
        .isEqualTo("{\"status\":\"success\",\"data\":[\"big\"]" + warning);
    assertThat(get("/api/v1/series?match[]=temp&limit=1").body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":[{\"__name__\":\"temp\",\"room\":\"a\"}]" + warning);
    for (String whole : new String[] {"0", "4", "40000", "9223372036854775807"}) {
      assertThat(json("/api/v1/label/__name__/values?limit=" + whole).has("warnings")).isFalse();
    }
  }

  @Test
  void tenantsSeeTheirOwnData() throws Exception {
    HttpRequest request =
        to("/api/v1/query?query=temp&time=1700000400").header("X-Scope-OrgID", "other").build();
    assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).body())
        .contains("\"room\":\"c\"")
        .doesNotContain("\"room\":\"a\"");
    HttpRequest wrong = to("/api/v1/labels").header("X-Scope-OrgID", "a|b").build();
    HttpResponse<String> response = client.send(wrong, HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("\"bad_data\"").contains("several tenants");
  }

  @Test
  void exemplarsAreListedBySeries() throws Exception {
    assertThat(status("/api/v1/query_exemplars?query=1")).as("no selector").isEqualTo(204);
    JsonNode found = json("/api/v1/query_exemplars?query=" + escape("rate(temp{room=\"a\"}[5m])"));
    assertThat(found.get("data"))
        .isEqualTo(
            JSON.readTree(
                """
                [{"seriesLabels":{"__name__":"temp","room":"a"},
                  "exemplars":[{"labels":{"trace_id":"x"},"value":"0.25","timestamp":1700000400.001}]}]
                """));
    HttpResponse<String> none = get("/api/v1/query_exemplars?query=1");
    assertThat(none.statusCode()).isEqualTo(204);
    assertThat(none.body()).isEmpty();
  }

  @Test
  void statisticsAreToldWhenAskedFor() throws Exception {
    JsonNode stats = json("/api/v1/query?query=temp&time=1700000400&stats=all").at("/data/stats");
    assertThat(stats.get("timings").fieldNames())
        .toIterable()
        .containsExactly(
            "evalTotalTime",
            "resultSortTime",
            "queryPreparationTime",
            "innerEvalTime",
            "execQueueTime",
            "execTotalTime");
    assertThat(stats.at("/samples/totalQueryableSamples").asLong()).isEqualTo(2);
    assertThat(json("/api/v1/query?query=1&stats=yes").at("/warnings/0").asText())
        .startsWith("value \"yes\" for parameter \"stats\" is deprecated");
    assertThat(json("/api/v1/query?query=1").at("/data").has("stats")).isFalse();
  }

  @Test
  void metadataIsServed() throws Exception {
    String temp =
        "{\"temp\":[{\"type\":\"gauge\",\"unit\":\"celsius\",\"help\":\"How \\u003cwarm\\u003e it"
            + " is\"}]}";
    assertThat(data("/api/v1/metadata")).isEqualTo(temp);
    assertThat(data("/api/v1/metadata?metric=temp&limit=40000")).isEqualTo(temp);
    assertThat(data("/api/v1/metadata?metric=none")).isEqualTo("{}");
    assertThat(data("/api/v1/metadata?limit=0")).isEqualTo("{}");
  }

  @Test
  void whatGrafanaAsksForIsThere() throws Exception {
    assertThat(data("/api/v1/rules")).isEqualTo("{\"groups\":[]}");
    assertThat(data("/api/v1/alerts")).isEqualTo("{\"alerts\":[]}");
    JsonNode build = json("/api/v1/status/buildinfo").get("data");
    assertThat(build.get("version").asText()).startsWith("3.");
    assertThat(build.has("features")).isFalse();
    assertThat(json("/api/v1/status/flags").at("/data/query.timeout").asText()).isEqualTo("2m");
    assertThat(json("/api/v1/status/runtimeinfo").at("/data/storageRetention").asText())
        .isEqualTo("forever");
    // "Save and test"
    assertThat(post("/api/v1/query", "query=1%2B1&time=4").body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[4,\"2\"]}}");
    assertThat(status("/api/v1/query?query=1&unknown_parameter=x")).isEqualTo(200);
    assertThat(status("/api/v1/nope")).isEqualTo(404);
    HttpRequest posted =
        to("/api/v1/label/room/values").POST(HttpRequest.BodyPublishers.noBody()).build();
    assertThat(client.send(posted, HttpResponse.BodyHandlers.discarding()).statusCode())
        .isEqualTo(405);
  }

  @Test
  void metricStatusTellsWhatWasQueried() throws Exception {
    json("/api/v1/query?query=temp&time=" + T / 1000);
    JsonNode metrics = json("/api/v1/status/metrics?metric=temp").get("data");
    assertThat(metrics).hasSize(1);
    assertThat(metrics.at("/0/metric").asText()).isEqualTo("temp");
    assertThat(metrics.at("/0/lastQueried").asDouble())
        .isCloseTo(System.currentTimeMillis() / 1000.0, within(600.0));
    assertThat(json("/api/v1/status/metrics?metric=none").get("data")).isEmpty();
  }

  @Test
  void tsdbStatusCountsTheHead() throws Exception {
    JsonNode status = json("/api/v1/status/tsdb?limit=2").get("data");
    assertThat(status.at("/headStats/numSeries").asInt()).isEqualTo(5);
    assertThat(status.at("/headStats/minTime").asLong()).isEqualTo(T);
    assertThat(status.at("/headStats/maxTime").asLong()).isEqualTo(T + 15_500);
    assertThat(status.get("seriesCountByMetricName"))
        .isEqualTo(
            JSON.readTree("[{\"name\":\"temp\",\"value\":2},{\"name\":\"big\",\"value\":1}]"));
    assertThat(status.at("/labelValueCountByLabelName/0"))
        .isEqualTo(JSON.readTree("{\"name\":\"__name__\",\"value\":4}"));
    assertThat(status.at("/seriesCountByLabelValuePair/0"))
        .isEqualTo(JSON.readTree("{\"name\":\"__name__=temp\",\"value\":2}"));
  }

  @ParameterizedTest
  @CsvSource({
    "application/json, snappy, 415",
    "application/x-protobuf, gzip, 415",
    "application/x-protobuf, snappy, 400",
  })
  void writesThatAreNotRemoteWriteAreRefusedInPlainText(String type, String encoding, int status)
      throws Exception {
    HttpRequest request =
        to("/api/v1/write")
            .header("Content-Type", type)
            .header("Content-Encoding", encoding)
            .POST(HttpRequest.BodyPublishers.ofString("no snappy"))
            .build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/plain; charset=utf-8");
    assertThat(response.body()).isNotBlank();
  }

  @Test
  void writesByOtherMethodsAreRefused() throws Exception {
    assertThat(status("/api/v1/write")).isEqualTo(405);
  }

  @Test
  void aLaterValueWinsAndTheSameAgainIsNoError() throws Exception {
    for (double value : new double[] {1, 1, 2}) {
      RemoteWriteBody body = new RemoteWriteBody().sample(T, value, "__name__", "again");
      assertThat(write(body, "late").statusCode()).isEqualTo(204);
    }
    HttpRequest request =
        to("/api/v1/query?query=again&time=1700000400").header("X-Scope-OrgID", "late").build();
    assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).body())
        .contains("\"value\":[1700000400,\"2\"]");
  }

  // Requests

  private HttpResponse<String> write(RemoteWriteBody body, String tenant) throws Exception {
    HttpRequest.Builder request =
        to("/api/v1/write")
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body.compressed()));
    if (!tenant.isEmpty()) {
      request.header("X-Scope-OrgID", tenant);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest.Builder to(String pathAndQuery) {
    String escaped =
        pathAndQuery
            .replace("[", "%5B")
            .replace("]", "%5D")
            .replace("{", "%7B")
            .replace("}", "%7D")
            .replace("\"", "%22");
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + server.address().getPort() + escaped))
        .timeout(Duration.ofSeconds(20));
  }

  private HttpResponse<String> get(String pathAndQuery) throws Exception {
    return client.send(to(pathAndQuery).build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String form) throws Exception {
    HttpRequest request =
        to(path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build();
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private int status(String pathAndQuery) throws Exception {
    return get(pathAndQuery).statusCode();
  }

  private JsonNode json(String pathAndQuery) throws Exception {
    HttpResponse<String> response = get(pathAndQuery);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private String data(String pathAndQuery) throws Exception {
    String body = get(pathAndQuery).body();
    String prefix = "{\"status\":\"success\",\"data\":";
    assertThat(body).startsWith(prefix).endsWith("}");
    return body.substring(prefix.length(), body.length() - 1);
  }

  /** Escapes the values of {@code name=value&…}. */
  private static String escape(String arguments) {
    StringBuilder out = new StringBuilder();
    for (String argument : arguments.split("&", -1)) {
      int equals = argument.indexOf('=');
      out.append(out.isEmpty() ? "" : "&");
      if (equals < 0 || !argument.substring(0, equals).matches("[a-z_\\[\\]]+")) {
        out.append(URLEncoder.encode(argument, StandardCharsets.UTF_8));
      } else {
        out.append(argument, 0, equals + 1)
            .append(URLEncoder.encode(argument.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return out.toString();
  }
}
