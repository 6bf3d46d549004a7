package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.NotLeadingException;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever changes something is taken by the leader, at whichever node it comes in. */
final class LeaderHandlerTest {
  private static final byte[] BODY = {1, 2, 3, -1};

  private FakeCluster cluster;

  @BeforeEach
  void begin(@TempDir Path folder) throws IOException {
    cluster = new FakeCluster("  secret: s3cr3t\n", folder);
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  @Test
  void aWriteIsTakenByTheLeaderAsItCameAtWhicheverNode() throws Exception {
    cluster.lead("b");
    cluster.node("b").view.committed = 42;
    for (String id : new String[] {"a", "b", "c"}) {
      HttpResponse<String> response = cluster.write(id, BODY);
      assertThat(response.statusCode()).as(id).isEqualTo(204);
      assertThat(header(response, "Varve-Node")).isEqualTo("b");
      assertThat(header(response, "Varve-Position")).isEqualTo("0:1.42");
      assertThat(header(response, "X-Prometheus-Remote-Write-Samples-Written")).isEqualTo("3");
    }
    assertThat(cluster.node("b").taken)
        .containsOnly("POST /api/v1/write snappy me 010203ff")
        .hasSize(3);
    assertThat(cluster.node("a").taken).isEmpty();
    assertThat(cluster.node("a").meter.counts()).containsEntry("write to b ANSWERED", 1);
    assertThat(cluster.node("b").meter.counts()).isEmpty();
  }

  @Test
  void largeBodiesAndAnswersPassUnharmed() throws Exception {
    cluster.lead("c");
    byte[] body = new byte[900_000];
    new Random(5).nextBytes(body);
    cluster.node("c").write =
        (request, response) ->
            response.body(
                200,
                "application/x-test",
                out -> out.write(request.body(), 0, request.bodyLength()));
    HttpResponse<byte[]> response =
        cluster.client.send(
            cluster
                .to("a", "/api/v1/write")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build(),
            HttpResponse.BodyHandlers.ofByteArray());
    assertThat(response.body()).isEqualTo(body);
    assertThat(header(response, "Content-Type")).isEqualTo("application/x-test");
  }

  @Test
  void theLeadersRefusalIsTheClientsAnswer() throws Exception {
    cluster.lead("b");
    cluster.node("b").write =
        (request, response) -> response.header("Retry-After", "7").text(429, "too much\n");
    HttpResponse<String> response = cluster.write("a", BODY);
    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(response.body()).isEqualTo("too much\n");
    assertThat(header(response, "Retry-After")).isEqualTo("7");
    assertThat(header(response, "Varve-Position")).isEmpty();
  }

  @Test
  void withoutALeaderAWriteWaitsAndThenSaysWhatIsMissing() throws Exception {
    cluster.stop("c");
    long begin = System.nanoTime();
    HttpResponse<String> response = cluster.write("a", BODY);
    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)).isBetween(4_000L, 9_000L);
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(header(response, "Retry-After")).isEqualTo("1");
    assertThat(response.body())
        .isEqualTo(
            "no leader of shard 0 takes requests: 2 of 3 replicas are reachable from node a\n");
    assertThat(cluster.node("a").taken).isEmpty();
  }

  @Test
  void aWriteIsTakenAsSoonAsThereIsALeader() throws Exception {
    CompletableFuture<HttpResponse<String>> write = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            write.complete(cluster.write("a", BODY));
          } catch (Exception e) {
            write.completeExceptionally(e);
          }
        });
    Thread.sleep(300);
    assertThat(write).isNotDone();
    cluster.lead("c");
    HttpResponse<String> response = write.get(2, TimeUnit.SECONDS);
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(header(response, "Varve-Node")).isEqualTo("c");
  }

  @Test
  void whoDoesNotLeadSendsAPassedOnRequestBackAndPassesItNoFurther() throws Exception {
    cluster.lead("c");
    cluster.node("a").view.leader = "b"; // which is what a thinks
    Thread.startVirtualThread(
        () -> {
          FakeCluster.await(
              () -> cluster.node("b").meter.counts().containsKey("turned away write"));
          cluster.node("a").view.leader = "c";
        });
    HttpResponse<String> response = cluster.write("a", BODY);
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(header(response, "Varve-Node")).isEqualTo("c");
    assertThat(cluster.node("b").taken).isEmpty();
    assertThat(cluster.node("b").meter.counts().keySet()).containsOnly("turned away write");

    HttpResponse<String> direct =
        cluster.send(
            cluster
                .to("b", "/api/v1/write")
                .header("Varve-Hop", "x")
                .header("Authorization", "Bearer s3cr3t")
                .POST(HttpRequest.BodyPublishers.ofByteArray(BODY)));
    assertThat(direct.statusCode()).isEqualTo(503);
    assertThat(direct.body()).isEqualTo("node b does not lead; the leader is thought to be c\n");
    assertThat(header(direct, "Retry-After")).isEqualTo("1");
  }

  @Test
  void aHopWithoutTheSecretIsNotLetIn() throws Exception {
    cluster.lead("b");
    for (String path : new String[] {"/api/v1/write", "/api/v1/admin/deletes", "/api/v1/query"}) {
      HttpResponse<String> response =
          cluster.send(
              cluster
                  .to("b", path)
                  .header("Varve-Hop", "x")
                  .header("Authorization", "Bearer wrong")
                  .POST(HttpRequest.BodyPublishers.noBody()));
      assertThat(response.statusCode()).as(path).isEqualTo(401);
    }
    assertThat(cluster.node("b").taken).isEmpty();
  }

  @Test
  void aLeaderThatHangsIsGivenUpWhenAnotherOneLeads() throws Exception {
    cluster.lead("b");
    CountDownLatch hangs = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    cluster.node("b").write =
        (request, response) -> {
          hangs.countDown();
          try {
            over.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          response.empty(204);
        };
    Thread.startVirtualThread(
        () -> {
          try {
            hangs.await();
          } catch (InterruptedException e) {
            return;
          }
          cluster.lead("c");
        });
    HttpResponse<String> response = cluster.write("a", BODY);
    over.countDown();
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(header(response, "Varve-Node")).isEqualTo("c");
    assertThat(cluster.node("a").meter.counts())
        .containsEntry("write to b LOST", 1)
        .containsEntry("write to c ANSWERED", 1);
  }

  @Test
  void aWriteOfALeaderThatIsOverthrownGoesToTheNewOne() throws Exception {
    cluster.lead("a");
    cluster.node("a").write =
        (request, response) -> {
          cluster.lead("b");
          throw new NotLeadingException("b leads");
        };
    HttpResponse<String> response = cluster.write("a", BODY);
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(header(response, "Varve-Node")).isEqualTo("b");
    // Passed on by c, which thinks that a leads still.
    cluster.lead("a");
    AtomicInteger tries = new AtomicInteger();
    cluster.node("a").write =
        (request, direct) -> {
          tries.incrementAndGet();
          cluster.lead("b");
          throw new NotLeadingException("b leads");
        };
    assertThat(header(cluster.write("c", BODY), "Varve-Node")).isEqualTo("b");
    assertThat(tries).hasValue(1);
    assertThat(cluster.node("a").meter.counts()).containsEntry("turned away write", 1);
  }

  @Test
  void aNodeThatIsGoneIsNotKnownToHaveTakenAnything() throws Exception {
    cluster.lead("b");
    cluster.settle();
    cluster.stop("b");
    Thread.startVirtualThread(
        () -> {
          FakeCluster.await(
              () -> cluster.node("a").meter.counts().containsKey("write to b REFUSED"));
          cluster.lead("c");
        });
    HttpResponse<String> response = cluster.write("a", BODY);
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(header(response, "Varve-Node")).isEqualTo("c");
  }

  // Changes that are no writes

  private HttpResponse<String> delete(String id) throws Exception {
    return cluster.send(
        cluster
            .to(id, "/api/v1/admin/deletes")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("match[]=up")));
  }

  @Test
  void changesGoToTheLeaderAndTheirListsAreReadHere() throws Exception {
    cluster.lead("b");
    assertThat(delete("a").body()).isEqualTo("b");
    assertThat(cluster.get("a", "/api/v1/admin/deletes").body()).isEqualTo("a");
    assertThat(cluster.node("b").taken).containsExactly("POST up");
  }

  @Test
  void aChangeOfWhichNobodyKnowsIsNotSentAgain() throws Exception {
    cluster.lead("b");
    AtomicInteger tries = new AtomicInteger();
    cluster.node("b").change =
        (request, response) -> {
          tries.incrementAndGet();
          throw new NotLeadingException("c leads");
        };
    HttpResponse<String> response = delete("a");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body())
        .contains("\"errorType\":\"unavailable\"")
        .contains("it is not known whether the request was carried out");
    assertThat(tries).hasValue(1);
    assertThat(delete("b").statusCode()).isEqualTo(503);
    assertThat(tries).hasValue(2);
    // The connection breaks before an answer.
    cluster.node("b").change =
        (request, broken) -> {
          tries.incrementAndGet();
          throw new IOException("broken off");
        };
    assertThat(delete("a").body()).contains("it is not known whether");
    assertThat(tries).hasValue(3);
  }

  @Test
  void rulesAreAskedOfTheLeader() throws Exception {
    cluster.lead("c");
    assertThat(cluster.get("a", "/api/v1/rules").body()).contains("\"by\":\"c\"");
    assertThat(cluster.get("a", "/api/v1/status/tsdb").body()).contains("\"by\":\"a\"");
  }

  @Test
  void theLeadIsHandedOverAtWhicheverNodeThatIsAsked() throws Exception {
    cluster.lead("b");
    HttpRequest.BodyPublisher nothing = HttpRequest.BodyPublishers.noBody();
    String path = "/api/v1/admin/cluster/transfer?to=";
    assertThat(cluster.send(cluster.to("a", path + "a").POST(nothing)).body())
        .contains("\"leader\":\"a\"");
    assertThat(cluster.node("b").view.transferred).isEqualTo("0 to a");
    HttpResponse<String> failed = cluster.send(cluster.to("a", path + "c").POST(nothing));
    assertThat(failed.statusCode()).isEqualTo(503);
    assertThat(failed.body()).contains("c is too far behind");
    HttpResponse<String> wrong = cluster.send(cluster.to("a", path + "d").POST(nothing));
    assertThat(wrong.statusCode()).isEqualTo(400);
  }
}
