package io.varve.http.cluster;

/** Counts what a node does for others, and others for it. Called from many threads at a time. */
public interface ClusterMeter {
  /** How a request fared that was passed on. */
  enum Fate {
    /** The other node has answered it. */
    ANSWERED,
    /** The other node was not reached, or would not have it. */
    REFUSED,
    /** It is not known whether the other node has taken it. */
    LOST
  }

  /** How it went to take an acknowledged write to the leader. */
  enum Delivered {
    /** The cluster has it. */
    TAKEN,
    /** It is refused for good, at least in part. */
    REFUSED,
    /** It is tried again. */
    DELAYED
  }

  /** How a read was answered. */
  enum Source {
    /** By this node. */
    LOCAL,
    /** By another one. */
    FORWARDED,
    /** By this node, with a warning. */
    STALE,
    /** Not at all. */
    REFUSED
  }

  /** A request was passed on. */
  void forwarded(String node, String kind, Fate fate);

  /** Another node has passed a request on to this one, which does not take it. */
  void turnedAway(String kind);

  /** An acknowledged write was taken to the leader. */
  void delivered(Delivered how);

  /** A read was answered. */
  void read(String level, Source source);

  /** A shard has another leader than it had. */
  void leaderChanged(int shard);

  /** A store was opened anew because it held what did not become part of the log. */
  void reopened(int shard);
}
