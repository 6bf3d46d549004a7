package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.net.Availability;
import io.varve.ingest.cluster.LogPosition;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A read is answered by a node that knows what it has to see. */
final class LevelledReadTest {
  private static final String QUERY = "/api/v1/query?query=up";
  private static final int FAR = 60_000;

  @TempDir private Path folder;
  private FakeCluster cluster;

  @BeforeEach
  void begin() throws IOException {
    begin("answer");
  }

  private void begin(String stale) throws IOException {
    cluster =
        new FakeCluster(
            "  secret: s3cr3t\n  reads: {max_wait: 400ms, stale: " + stale + "}\n", folder);
    cluster.lead("b");
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  /** Who answered, and whether it is all. */
  private static void assertAnswered(HttpResponse<String> response, String by) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.body()).contains("\"by\":\"" + by + '"').contains("\"warnings\":[]");
    assertThat(header(response, "Varve-Node")).isEqualTo(by);
    assertThat(header(response, "Varve-Complete")).isEqualTo("true");
  }

  @Test
  void aBoundedReadIsAnsweredHereWithinTheBound() throws Exception {
    cluster.node("a").view.lagMillis = 1_900;
    cluster.node("a").view.applied = 9;
    HttpResponse<String> response = cluster.get("a", QUERY);
    assertAnswered(response, "a");
    assertThat(header(response, "Varve-Position")).isEqualTo("0:1.9");
    assertThat(cluster.node("a").meter.counts()).containsOnlyKeys("bounded LOCAL");
  }

  @Test
  void beyondTheBoundTheLeaderAnswers() throws Exception {
    cluster.node("a").view.lagMillis = 2_100;
    assertAnswered(cluster.get("a", QUERY), "b");
    assertThat(cluster.node("b").taken).containsExactly("query up");
    assertThat(cluster.node("a").taken).isEmpty();
    assertThat(cluster.node("a").meter.counts())
        .containsEntry("bounded FORWARDED", 1)
        .containsEntry("read to b ANSWERED", 1);
    // By POST, too.
    HttpResponse<String> posted =
        cluster.send(
            cluster
                .to("a", "/api/v1/query")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("query=down")));
    assertAnswered(posted, "b");
    assertThat(cluster.node("b").taken).contains("query down");
  }

  @Test
  void whoLeadsIsConfirmedWhenTheBoundIsShort() throws Exception {
    cluster.node("b").view.lagMillis = 2_100;
    assertAnswered(cluster.get("b", QUERY), "b");
    assertThat(cluster.node("b").meter.counts()).containsOnlyKeys("bounded LOCAL");
  }

  @Test
  void whoOnlyBelievesThatItLeadsHasAnotherAnswer() throws Exception {
    cluster.node("b").view.lagMillis = 2_100;
    cluster.node("c").view.lagMillis = FAR;
    cluster.node("b").view.readPosition =
        () -> CompletableFuture.failedFuture(new IOException("no majority confirms it"));
    cluster.settle();
    assertAnswered(cluster.get("b", QUERY), "a");
    assertThat(cluster.node("b").taken).isEmpty();
  }

  @Test
  void withoutALeaderAnotherReplicaAnswersThatIsNear() throws Exception {
    cluster.lead("");
    cluster.node("a").view.lagMillis = FAR;
    cluster.node("b").view.lagMillis = FAR;
    cluster.settle();
    assertAnswered(cluster.get("a", QUERY), "c");
    assertThat(cluster.node("b").taken).isEmpty();
  }

  @Test
  void aNodeWhoseStoreIsNotOpenHasOthersAnswer() throws Exception {
    cluster.settle();
    FakeNode a = cluster.node("a");
    a.open = false;
    assertAnswered(cluster.get("a", QUERY), "b");
    a.open = true;
    a.view.canRead = false;
    assertAnswered(cluster.get("a", QUERY), "b");
    a.view.canRead = true;
    a.availability = Availability.STARTING;
    a.joined = false;
    assertAnswered(cluster.get("a", QUERY + "&consistency=strong"), "b");
    assertThat(a.taken).isEmpty();
  }

  @Test
  void aReadThatFailsBecauseTheStoreIsClosedUnderItIsAnsweredByAnother() throws Exception {
    FakeNode a = cluster.node("a");
    a.query =
        (request, response) -> {
          a.open = false;
          throw new IllegalStateException("closed");
        };
    assertAnswered(cluster.get("a", QUERY), "b");
  }

  /** Known damage, the leader's too, has others answer, at every level. */
  @ParameterizedTest
  @ValueSource(strings = {"bounded", "strong", "fenced"})
  void aNodeWithDamagedFilesHasOthersAnswer(String level) throws Exception {
    cluster.settle();
    cluster.node("a").view.damaged = true;
    cluster.node("b").view.damaged = true;
    String how = level.equals("fenced") ? "&position=0:1.5" : "&consistency=" + level;
    assertAnswered(cluster.get("a", QUERY + how), "c");
    assertThat(cluster.node("a").taken).isEmpty();
    assertThat(cluster.node("b").taken).isEmpty();
  }

  @Test
  void aReadThatMeetsDamageFirstIsAnsweredByAnother() throws Exception {
    cluster.node("c").view.lagMillis = FAR; // a is the nearest
    cluster.settle();
    FakeNode b = cluster.node("b");
    b.query =
        (request, response) -> {
          b.view.damaged = true;
          response.text(200, "with holes");
        };
    assertAnswered(cluster.get("b", QUERY + "&consistency=strong"), "a");
  }

  /** What a read left out may be in its place again by the time that it ends. */
  @Test
  void aReadUnderWhichFilesWereReplacedIsAnsweredByAnother() throws Exception {
    cluster.node("c").view.lagMillis = FAR; // a is the nearest
    cluster.settle();
    FakeNode b = cluster.node("b");
    b.query =
        (request, response) -> {
          b.view.replacements++;
          response.text(200, "with holes");
        };
    assertAnswered(cluster.get("b", QUERY + "&consistency=strong"), "a");
  }

  @Test
  void whereAllFilesAreDamagedNoAnswerIsTakenForAWholeOne() throws Exception {
    for (String id : new String[] {"a", "b", "c"}) {
      cluster.node(id).view.damaged = true;
    }
    cluster.settle();
    HttpResponse<String> bounded = cluster.get("a", QUERY);
    assertThat(bounded.statusCode()).isEqualTo(200);
    assertThat(bounded.body())
        .contains("data may be missing: files of node a are damaged, and not put right yet");
    assertThat(header(bounded, "Varve-Complete")).isEqualTo("false");
    for (String how : new String[] {"&consistency=strong", "&position=0:1.5"}) {
      assertThat(cluster.get("a", QUERY + how).statusCode()).isEqualTo(503);
    }
  }

  /** Damage is no reason to take no writes. */
  @Test
  void aLeaderWithDamagedFilesTakesWrites() throws Exception {
    cluster.node("b").view.damaged = true;
    HttpResponse<String> response =
        cluster.send(
            cluster.to("a", "/api/v1/write").POST(HttpRequest.BodyPublishers.ofString("body")));
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(header(response, "Varve-Node")).isEqualTo("b");
  }

  @Test
  void whenNobodyIsNearTheAnswerSaysSo() throws Exception {
    cluster.lead("");
    for (String id : new String[] {"a", "b", "c"}) {
      cluster.node(id).view.lagMillis = FAR;
    }
    cluster.settle();
    HttpResponse<String> response = cluster.get("a", QUERY);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .contains("\"by\":\"a\"")
        .contains("data may be missing: node a is 60.0 s behind (cluster.reads.max_lag)");
    assertThat(header(response, "Varve-Complete")).isEqualTo("false");
    assertThat(cluster.node("a").meter.counts()).containsEntry("bounded STALE", 1);
  }

  @Test
  void orItIsRefusedIfTheConfigurationSaysSo() throws Exception {
    cluster.close();
    begin("refuse");
    cluster.lead("");
    cluster.stop("b");
    cluster.stop("c");
    cluster.node("a").view.lagMillis = FAR;
    HttpResponse<String> response = cluster.get("a", QUERY);
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(header(response, "Retry-After")).isEqualTo("1");
    assertThat(response.body()).contains("\"errorType\":\"unavailable\"").contains("60.0 s behind");
  }

  @Test
  void aLeaderThatIsGoneCostsNoAnswer() throws Exception {
    cluster.settle();
    cluster.stop("b");
    cluster.node("a").view.lagMillis = FAR;
    assertAnswered(cluster.get("a", QUERY), "c");
  }

  // Fenced reads

  @Test
  void aFencedReadWaitsForThePositionHere() throws Exception {
    cluster.lead("");
    CompletableFuture<HttpResponse<String>> read = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            read.complete(cluster.get("a", QUERY + "&position=0:1.11"));
          } catch (Exception e) {
            read.completeExceptionally(e);
          }
        });
    Thread.sleep(150);
    assertThat(read).isNotDone();
    assertThat(cluster.node("a").taken).isEmpty();
    cluster.node("a").view.applied = 11;
    assertAnswered(read.get(2, TimeUnit.SECONDS), "a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"header", "parameter", "level"})
  void aFencedReadThatWaitsInVainIsAnsweredByWhoHasIt(String how) throws Exception {
    cluster.node("b").view.applied = 1_000;
    String path = how.equals("header") ? QUERY : QUERY + "&position=0:1.1000";
    HttpRequest.Builder request =
        cluster.to("a", how.equals("level") ? path + "&consistency=fenced" : path);
    if (how.equals("header")) {
      request.header("Varve-Position", "0:1.1000,0:1.3");
    }
    assertAnswered(cluster.send(request), "b");
    assertThat(cluster.node("a").taken).isEmpty();
    assertThat(cluster.node("a").meter.counts()).containsEntry("fenced FORWARDED", 1);
  }

  @Test
  void aFencedReadThatNobodyCanAnswerSaysHowFarBehindTheyAre() throws Exception {
    cluster.node("a").view.lagMillis = 7_300;
    long start = System.nanoTime();
    HttpResponse<String> response = cluster.get("a", QUERY + "&position=0:2.1000");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start))
        .as("all nodes together wait for max_wait")
        .isBetween(350L, 750L);
    assertThat(response.body())
        .contains("node a knows what was written up to 0:1.10")
        .contains("asks for 0:2.1000")
        .contains("7.3 s behind")
        .contains("node b knows what was written up to");
    assertThat(header(response, "Retry-After")).isEqualTo("1");
    assertThat(cluster.node("a").taken).isEmpty();
    assertThat(cluster.node("b").taken).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "consistency=eventual",
        "consistency=fenced",
        "position=x",
        "position=0:1",
        "position=0.1:1",
        "position=1:1.1",
        "position=0:1.9999999999999999999",
        "position=0:-1.1",
        "position=,",
        "consistency=fenced&position=%C3%BC"
      })
  void whatIsNoLevelOrPositionIsRefused(String parameters) throws Exception {
    HttpResponse<String> response = cluster.get("a", QUERY + "&" + parameters);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(response.body()).contains("\"errorType\":\"bad_data\"");
    assertThat(cluster.node("a").taken).isEmpty();
  }

  // Strong reads

  @Test
  void aStrongReadWaitsForWhatTheLeaderHasAcknowledged() throws Exception {
    FakeView view = cluster.node("a").view;
    AtomicInteger asked = new AtomicInteger();
    view.readPosition =
        () -> {
          asked.incrementAndGet();
          Thread.startVirtualThread(
              () -> {
                try {
                  Thread.sleep(100);
                } catch (InterruptedException e) {
                  return;
                }
                view.applied = 50;
              });
          return CompletableFuture.completedFuture(new LogPosition(1, 50));
        };
    cluster.node("a").query =
        (request, response) -> response.text(200, "\"by\":\"a\" \"warnings\":[] " + view.applied);
    HttpResponse<String> response = cluster.get("a", QUERY + "&consistency=strong");
    assertAnswered(response, "a");
    assertThat(response.body()).endsWith(" 50");
    assertThat(asked).hasValue(1);
  }

  @Test
  void aStrongReadShowsNothingThatMayYetBeLost() throws Exception {
    FakeView view = cluster.node("b").view;
    CompletableFuture<Void> committed = new CompletableFuture<>();
    AtomicInteger asked = new AtomicInteger();
    view.visibleIsCommitted =
        () -> {
          asked.incrementAndGet();
          assertThat(cluster.node("b").taken).containsExactly("query up"); // the snapshot is taken
          return committed;
        };
    CompletableFuture<HttpResponse<String>> read = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            read.complete(cluster.get("b", QUERY + "&consistency=strong"));
          } catch (Exception e) {
            read.completeExceptionally(e);
          }
        });
    FakeCluster.await(() -> asked.get() == 1);
    Thread.sleep(50);
    assertThat(read).isNotDone();
    committed.complete(null);
    assertAnswered(read.get(2, TimeUnit.SECONDS), "b");
  }

  @Test
  void aStrongReadOfALeaderThatHasLostItsMajorityIsRefused() throws Exception {
    FakeView view = cluster.node("b").view;
    view.visibleIsCommitted =
        () -> CompletableFuture.failedFuture(new IOException("b leads no more"));
    HttpResponse<String> lost = cluster.get("b", QUERY + "&consistency=strong");
    // Another replica may still know what is acknowledged.
    assertAnswered(lost, "a");
    for (String id : new String[] {"a", "b", "c"}) {
      cluster.node(id).view.readPosition = CompletableFuture::new;
    }
    HttpResponse<String> response = cluster.get("b", QUERY + "&consistency=strong");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body()).contains("no majority tells node b what was acknowledged");
    assertThat(header(response, "Varve-Complete")).isNotEqualTo("true");
  }

  @Test
  void theServerSaysWhetherItIsWorthAsking() throws Exception {
    cluster.settle();
    FakeNode a = cluster.node("a");
    assertThat(a.cluster.isReady()).isTrue();
    assertThat(a.cluster.isLeading()).isFalse();
    assertThat(cluster.node("b").cluster.isLeading()).isTrue();
    assertThat(cluster.get("a", "/-/leading").statusCode()).isEqualTo(503);
    assertThat(cluster.get("b", "/-/leading").statusCode()).isEqualTo(200);
    a.open = false;
    assertThat(a.cluster.isReady()).isTrue(); // b answers for it
    a.open = true;
    a.view.lagMillis = FAR;
    assertThat(a.cluster.isReady()).isTrue();
    cluster.stop("b");
    cluster.stop("c");
    FakeCluster.await(() -> !a.cluster.isReady());
    a.view.lagMillis = 0;
    assertThat(a.cluster.isReady()).isTrue();
    a.availability = Availability.STOPPING;
    assertThat(a.cluster.isReady()).isFalse();
    HttpResponse<String> response = cluster.get("a", QUERY);
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body()).contains("node a is stopping");
  }
}
