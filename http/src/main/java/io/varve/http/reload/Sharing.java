package io.varve.http.reload;

/** Has the nodes of a cluster take over what one of them was told. Any thread. */
@FunctionalInterface
public interface Sharing {
  /**
   * Puts what this node's configuration says of a part into force at all nodes.
   *
   * @throws io.varve.http.config.ConfigException if the cluster does not take it, saying why
   */
  void publish(SharedPart part);
}
