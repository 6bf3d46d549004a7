package io.varve.http.cluster;

import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.Unreached;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/** Sends requests of a spool to the node that leads, be it this one. Any thread. */
final class Delivery {
  private static final int MOST_REASON_BYTES = 500;

  private final Peers peers;
  private final String token;
  private final Duration patience;

  /**
   * Nothing is sent yet.
   *
   * @param millis how long the leader may take to answer
   */
  Delivery(Peers peers, String token, long millis) {
    this.peers = peers;
    this.token = token;
    this.patience = Duration.ofMillis(millis);
  }

  /** How it went. */
  sealed interface Result {
    /** A majority of the nodes has it. */
    record Taken() implements Result {}

    /** It is never taken, at least in part: why. */
    record Refused(String why) implements Result {}

    /**
     * It may be taken at another time, or by another node: why.
     *
     * @param isOfRequest true if others may be taken now, as this one alone goes beyond a limit
     */
    record Later(String why, boolean isOfRequest) implements Result {}
  }

  /** One attempt; of requests that go together, all are taken or none of them is known to be. */
  Result send(SpooledBatch batch, Peer leader) throws InterruptedException {
    HttpRequest.Builder post =
        HttpRequest.newBuilder(peers.at(leader, batch.path()))
            .timeout(patience)
            .header("Authorization", "Bearer " + token)
            .header(Headers.HOP, peers.self().id())
            .POST(batch.body());
    batch.headers().forEach(post::header);
    try {
      return judge(
          peers.client().send(post.build(), HttpResponse.BodyHandlers.ofByteArray()), leader);
    } catch (IOException e) {
      return new Result.Later(
          "node " + leader.id() + " is not reached: " + Unreached.text(e), false);
    }
  }

  private static Result judge(HttpResponse<byte[]> answer, Peer leader) {
    int status = answer.statusCode();
    if (status / 100 == 2) {
      return new Result.Taken();
    }
    byte[] body = answer.body();
    String why =
        "node "
            + leader.id()
            + " answers "
            + status
            + ": "
            + new String(
                    Arrays.copyOf(body, Math.min(body.length, MOST_REASON_BYTES)),
                    StandardCharsets.UTF_8)
                .strip();
    return switch (status) {
      case 400, 413, 415 -> new Result.Refused(why);
      case 401, 403, 502, 503, 504 -> new Result.Later(why, false);
      default -> new Result.Later(why, true);
    };
  }
}
