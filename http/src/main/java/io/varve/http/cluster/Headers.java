package io.varve.http.cluster;

/** Names of the headers that nodes and clients of a cluster know. */
final class Headers {
  /** Of a read: {@code bounded}, {@code fenced} or {@code strong}. */
  static final String CONSISTENCY = "Varve-Consistency";

  /** Of an answer: what has been written, or what was read. Of a read: what it has to see. */
  static final String POSITION = "Varve-Position";

  /** Of an answer: the node that gave it. */
  static final String NODE = "Varve-Node";

  /** Of an answer to a read: {@code true}, or {@code false} if something may be missing. */
  static final String COMPLETE = "Varve-Complete";

  /** Of a request that a node passes on: which one. It is not passed on again. */
  static final String HOP = "Varve-Hop";

  /** Of such a read: how many milliseconds are left to wait for what it has to see. */
  static final String WAIT = "Varve-Wait";

  /** Of an answer to such a request: it was not taken, and another node may take it. */
  static final String REFUSED = "Varve-Refused";

  static final String RETRY_AFTER = "Retry-After";

  private Headers() {}
}
