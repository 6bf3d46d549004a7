package io.varve.http.cluster;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.ByteBuffer;
import java.util.concurrent.Flow;

/**
 * The body of a request that is passed on, in an array that others use when the request is over: a
 * client that comes for it later, because its connection took so long, finds nothing.
 */
final class PassedBody {
  private final HttpRequest.BodyPublisher bytes;
  private boolean over;

  PassedBody(byte[] body, int length) {
    bytes =
        length == 0
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofByteArray(body, 0, length);
  }

  /** For one request. Whoever subscribes to it gets copies. */
  HttpRequest.BodyPublisher publisher() {
    return new HttpRequest.BodyPublisher() {
      @Override
      public long contentLength() {
        return bytes.contentLength();
      }

      @Override
      public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
        give(subscriber);
      }
    };
  }

  private synchronized void give(Flow.Subscriber<? super ByteBuffer> subscriber) {
    if (!over) {
      bytes.subscribe(subscriber); // which copies all bytes before it returns
      return;
    }
    subscriber.onSubscribe(
        new Flow.Subscription() {
          @Override
          public void request(long n) {}

          @Override
          public void cancel() {}
        });
    subscriber.onError(new IOException("the request was given up"));
  }

  /** Nobody reads the array any more when this has returned. */
  synchronized void end() {
    over = true;
  }
}
