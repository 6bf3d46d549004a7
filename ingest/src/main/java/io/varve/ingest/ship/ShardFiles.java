package io.varve.ingest.ship;

import io.varve.engine.Repairs;
import io.varve.engine.Replica;
import io.varve.engine.Shipping;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One shard's replica on this node, as a {@link Scrub} sees it: whoever opens and closes its engine
 * implements it. Any thread.
 */
public interface ShardFiles {
  /** Number of the shard. */
  int number();

  /** The store, null while it is closed. */
  @Nullable Open open();

  /** Where the other replicas answer, such as {@code http://host:port}. */
  List<URI> others();

  /** Where the leader answers; null if it is this node, or nobody knows. */
  @Nullable URI leader();

  /**
   * The replica cannot be put right file by file: the whole store is to be taken from another node.
   * Returns at once; asking again while that goes on changes nothing.
   *
   * @param why in words, for the log
   */
  void reinstall(URI from, String why);

  /**
   * An open store.
   *
   * @param shipping its files, as others see them
   * @param repairs its damaged files
   * @param replica what the log told of the leader's files; null without a shared log
   */
  record Open(Shipping shipping, Repairs repairs, @Nullable Replica replica) {}
}
