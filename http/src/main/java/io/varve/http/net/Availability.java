package io.varve.http.net;

/** Whether the store can be asked. */
public enum Availability {
  /** The data is being recovered. */
  STARTING,
  /** Yes. */
  READY,
  /** Not any more: requests that run are finished, new ones are turned away. */
  STOPPING
}
