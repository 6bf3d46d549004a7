package io.varve.ingest.cluster;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a node knows of its cluster, and the few things that can be asked of it. There from before
 * the store is recovered until the node closes; any thread may call it. No method waits, but {@link
 * #transfer}. Shards are numbered from 0.
 *
 * <p>Futures are completed by the threads of the log: who goes on in them does little, or goes
 * elsewhere. They end with an {@link IOException} as cause when what is waited for cannot come
 * (this replica stops or is opened anew); whoever waits for one limits the time, and cancels it
 * then.
 */
public interface ClusterView {
  /** Up to which level the cluster uses features; 0 if none is agreed on, or it is not known. */
  int featureLevel();

  /**
   * Lets another node become a member of the cluster; it does when it has all that the others have.
   * At the node that leads.
   *
   * @throws IllegalArgumentException if there is such a node already, or there are too many
   * @throws io.varve.engine.StorageStoppedException if this node does not lead, or cannot write
   */
  void addNode(Peer node);

  /**
   * Takes a node out of the cluster: nobody asks it any more, and it counts for no majority. At the
   * node that leads.
   *
   * @throws IllegalArgumentException if there is no such node, it leads, or too few would be left
   * @throws io.varve.engine.StorageStoppedException if this node does not lead, or cannot write
   * @throws java.io.IOException if it does not come about
   */
  void removeNode(String id) throws java.io.IOException;

  /**
   * Names of settings that are in force in the cluster and stand otherwise in this node's files.
   */
  Set<String> differing();

  /** This node's id. */
  String self();

  /** All nodes, this one too, in the order of the configuration. */
  List<Peer> peers();

  /** How each shard stands here. */
  List<ShardStatus> shards();

  /** How many shards there are. */
  int shardCount();

  /** The node that leads a shard as far as is known here, null if none is. Cheap. */
  @Nullable String leader(int shard);

  /** True if this node leads, and takes writes. Cheap. */
  boolean leads(int shard);

  /** True if the shard can be read here at the moment, however far behind it may be. Cheap. */
  boolean canRead(int shard);

  /**
   * True if files of the shard are known to be damaged here and are not put right yet: what is read
   * of it may have holes. Cheap.
   */
  boolean isDamaged(int shard);

  /**
   * Another number whenever the store was opened anew, or something in it was put right: a read
   * during which it changes may have met damage of which {@link #isDamaged} knows nothing any more.
   */
  long readableSince(int shard);

  /** As {@link ShardStatus#lagMillis}. Cheap. */
  long lagMillis(int shard);

  /** The last record that a majority is known here to have: behind every acknowledged write. */
  LogPosition committed(int shard);

  /** The last record that can be read here. */
  LogPosition applied(int shard);

  /** Completes as soon as a snapshot here sees all records up to one. */
  CompletableFuture<Void> applied(int shard, LogPosition position);

  /**
   * Asks the leader for the place behind which everything is that was acknowledged before this
   * call, at whichever node; a majority has confirmed that it leads.
   */
  CompletableFuture<LogPosition> readPosition(int shard);

  /**
   * Completes as soon as a majority has everything that a snapshot taken here before this call can
   * see. A leader shows what it has appended before others have it, and may lose it.
   */
  CompletableFuture<Void> visibleIsCommitted(int shard);

  /**
   * Hands the lead over, and waits until it is.
   *
   * @param to which node is to lead
   * @throws IOException if it does not lead after all, in words
   * @throws IllegalArgumentException if there is no such shard or node
   */
  void transfer(int shard, String to) throws IOException, InterruptedException;
}
