package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.ingest.spool.Spool;
import io.varve.ingest.spool.SpooledRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xerial.snappy.Snappy;

/** Which requests go together, and as what. */
final class SpooledBatchTest {
  private static final String WRITE = "/api/v1/write";
  private static final long MUCH = 1 << 30;
  private static final Map<String, String> V1 = Map.of("Content-Type", "application/x-protobuf");
  private static final Map<String, String> V2 =
      Map.of("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request");

  @TempDir Path folder;
  private Spool spool;

  @BeforeEach
  void begin() throws IOException {
    spool = Spool.open(folder, 1, MUCH);
  }

  @AfterEach
  void end() throws IOException {
    spool.close();
  }

  private void put(String path, Map<String, String> headers, String text) throws IOException {
    byte[] body = Snappy.compress(text.getBytes(StandardCharsets.UTF_8));
    spool.put(0, path, headers, body, 0, body.length);
  }

  private SpooledBatch batch(long mostBytes, long mostDecoded) throws Exception {
    SpooledRequest first = Objects.requireNonNull(spool.await(0));
    return SpooledBatch.of(first, spool.behind(first, mostBytes), mostDecoded);
  }

  private SpooledBatch taken() throws Exception {
    SpooledBatch batch = batch(MUCH, MUCH);
    batch.requests().forEach(spool::delivered);
    return batch;
  }

  /** The plain text of what is sent. */
  private static String sent(SpooledBatch batch) throws Exception {
    HttpResponse.BodySubscriber<byte[]> whole = HttpResponse.BodySubscribers.ofByteArray();
    HttpRequest.BodyPublisher body = batch.body();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    body.subscribe(
        new Flow.Subscriber<ByteBuffer>() {
          @Override
          public void onSubscribe(Flow.Subscription subscription) {
            whole.onSubscribe(subscription);
          }

          @Override
          public void onNext(ByteBuffer item) {
            whole.onNext(List.of(item));
          }

          @Override
          public void onError(Throwable throwable) {
            whole.onError(throwable);
          }

          @Override
          public void onComplete() {
            whole.onComplete();
          }
        });
    bytes.writeBytes(whole.getBody().toCompletableFuture().join());
    assertThat(body.contentLength()).isEqualTo(bytes.size());
    return new String(Snappy.uncompress(bytes.toByteArray()), StandardCharsets.UTF_8);
  }

  @Test
  void thoseThatSayTheSameGoTogetherInOrder() throws Exception {
    put(WRITE, V1, "a");
    put(WRITE, V1, "bb");
    put(WRITE, V1, "");
    put(WRITE, V1, "c");
    put(WRITE, Map.of("X-Scope-OrgID", "other"), "d");
    put("/api/v1/otlp/v1/metrics", V1, "e");
    put("/api/v1/otlp/v1/metrics", V1, "f");
    put(WRITE, V2, "g");
    put(WRITE, V2, "h");
    put(WRITE, V1, "i");
    assertThat(sent(taken())).isEqualTo("abbc");
    for (String one : new String[] {"d", "e", "f", "g", "h", "i"}) {
      SpooledBatch batch = taken();
      assertThat(batch.isJoined()).isFalse();
      assertThat(sent(batch)).isEqualTo(one);
    }
    assertThat(spool.waiting()).isZero();
    assertThat(spool.waitingBytes()).isZero();
  }

  @Test
  void noMoreGoTogetherThanMay() throws Exception {
    for (int i = 0; i < 9; i++) {
      put(WRITE, V1, "0123456789");
    }
    assertThat(batch(MUCH, 35).requests()).hasSize(3);
    assertThat(batch(MUCH, 5).requests()).as("one goes in any case").hasSize(1);
    int record = Objects.requireNonNull(spool.await(0)).record().length;
    assertThat(batch(4L * record, MUCH).requests()).hasSize(4);
    assertThat(batch(1, MUCH).requests()).hasSize(1);
    assertThat(batch(MUCH, MUCH).requests()).hasSize(9);
  }

  @Test
  void whatComesFromTheDiskGoesTogetherToo() throws Exception {
    for (int i = 0; i < 5; i++) {
      put(WRITE, V1, "x" + i);
    }
    spool.close();
    spool = Spool.open(folder, 1, MUCH);
    put(WRITE, V1, "new");
    assertThat(sent(taken())).isEqualTo("x0x1x2x3x4new");
  }
}
