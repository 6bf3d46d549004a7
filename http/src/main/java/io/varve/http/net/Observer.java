package io.varve.http.net;

/** Is told of every request that was answered. Called from many threads at a time. */
public interface Observer {
  /**
   * A request was answered, or broken off.
   *
   * @param route the route's name, or "other" if there was none
   * @param status HTTP status, 0 if no answer could be given
   * @param nanos from the moment when the request was complete
   * @param requestBytes of the body
   * @param responseBytes as sent
   */
  void answered(String route, int status, long nanos, long requestBytes, long responseBytes);
}
