package io.varve.http.reload;

import org.jspecify.annotations.Nullable;

/**
 * A part of the settings that the nodes of a cluster have in common: what is in force is what the
 * replicated log says, not what stands in a node's own files. Any thread.
 */
public interface SharedPart {
  /** Tells it from others; never another one, as the log has it. */
  String name();

  /** What this node's own configuration says, as it was loaded last; the same text for the same. */
  String own();

  /** Whether this node's own configuration says what is in force. */
  default boolean agrees(String inForce) {
    return inForce.equals(own());
  }

  /**
   * What is to be in force instead of what the log says, at the node that leads; null if that is as
   * it should be.
   */
  default @Nullable String amended(String inForce) {
    return null;
  }

  /**
   * Checks what another node's configuration says.
   *
   * @throws io.varve.http.config.ConfigException saying what is wrong with it
   */
  void check(String text);

  /**
   * Puts into force what all nodes have.
   *
   * @throws io.varve.http.config.ConfigException if this version does not understand it
   * @throws io.varve.engine.StorageStoppedException if the store can be written no more
   */
  void take(String text);
}
