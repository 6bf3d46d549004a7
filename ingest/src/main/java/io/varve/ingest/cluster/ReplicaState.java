package io.varve.ingest.cluster;

/** What a node's replica of a shard is doing. */
public sealed interface ReplicaState {
  /** It leads: it takes writes, and a majority follows. */
  record Leading() implements ReplicaState {}

  /** It applies what the leader appended. */
  record Following() implements ReplicaState {}

  /** There is no leader, or it has no majority behind it: nothing can be written. */
  record NoQuorum() implements ReplicaState {}

  /**
   * It was away for too long, or is new: files are on their way from another node.
   *
   * @param from the node they come from
   * @param doneBytes what is here
   * @param totalBytes of all; 0 as long as that is not known
   */
  record CatchingUp(String from, long doneBytes, long totalBytes) implements ReplicaState {}

  /** Its store is opened anew, because it held what did not become part of the log. */
  record Reopening() implements ReplicaState {}

  /** It does not take part: the cause, in words. */
  record Stopped(String cause) implements ReplicaState {}

  /** True if the store can be read at the moment, however old what it knows may be. */
  default boolean canRead() {
    return switch (this) {
      case Leading(), Following(), NoQuorum() -> true;
      case CatchingUp(String from, long doneBytes, long totalBytes) -> false;
      case Reopening() -> false;
      case Stopped(String cause) -> false;
    };
  }
}
