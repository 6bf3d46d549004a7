package io.varve.http.cluster;

import io.varve.ingest.remotewrite.JoinedBody;
import io.varve.ingest.remotewrite.MessageType;
import io.varve.ingest.remotewrite.UnsupportedContentException;
import io.varve.ingest.spool.SpooledRequest;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Requests of a spool that go to the leader as one: they follow each other, and say the same but
 * for their samples. So a majority has to be waited for once.
 *
 * @param requests at least one
 * @param body of all
 */
record SpooledBatch(List<SpooledRequest> requests, HttpRequest.BodyPublisher body) {
  private static final String WRITE = "/api/v1/write";

  /** A request alone. */
  static SpooledBatch of(SpooledRequest request) {
    return new SpooledBatch(
        List.of(request),
        HttpRequest.BodyPublishers.ofByteArray(
            request.record(), request.bodyOffset(), request.bodyLength()));
  }

  /**
   * A request and as many of those behind it as can go with it.
   *
   * @param behind it, in order, without a gap
   * @param mostDecoded bytes that their bodies decode to together
   */
  static SpooledBatch of(SpooledRequest first, List<SpooledRequest> behind, long mostDecoded) {
    JoinedBody joined = new JoinedBody(mostDecoded);
    List<SpooledRequest> requests = new ArrayList<>();
    if (behind.isEmpty() || !isRemoteWrite1(first) || !add(first, joined)) {
      return of(first);
    }
    requests.add(first);
    for (SpooledRequest next : behind) {
      if (!next.path().equals(first.path())
          || !next.headers().equals(first.headers())
          || !add(next, joined)) {
        break;
      }
      requests.add(next);
    }
    if (requests.size() == 1) {
      return of(first);
    }
    List<HttpRequest.BodyPublisher> bytes = new ArrayList<>();
    bytes.add(HttpRequest.BodyPublishers.ofByteArray(joined.beginning()));
    for (JoinedBody.Part part : joined.parts()) {
      bytes.add(HttpRequest.BodyPublishers.ofByteArray(part.bytes(), part.offset(), part.length()));
    }
    return new SpooledBatch(
        List.copyOf(requests),
        HttpRequest.BodyPublishers.concat(bytes.toArray(HttpRequest.BodyPublisher[]::new)));
  }

  private static boolean add(SpooledRequest request, JoinedBody to) {
    return to.add(request.record(), request.bodyOffset(), request.bodyLength());
  }

  private static boolean isRemoteWrite1(SpooledRequest request) {
    try {
      return request.path().equals(WRITE)
          && MessageType.of(request.headers().get("Content-Type")) == MessageType.V1;
    } catch (UnsupportedContentException e) {
      return false; // so the leader will say
    }
  }

  SpooledRequest first() {
    return requests.getFirst();
  }

  SpooledRequest last() {
    return requests.getLast();
  }

  boolean isJoined() {
    return requests.size() > 1;
  }

  String path() {
    return first().path();
  }

  Map<String, String> headers() {
    return first().headers();
  }
}
