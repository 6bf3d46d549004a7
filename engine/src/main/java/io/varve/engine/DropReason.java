package io.varve.engine;

/** Why samples leave before anybody deletes them. */
public enum DropReason {
  /** They are older than the retention keeps them. */
  AGE,
  /** The store is larger than it may be. */
  SIZE,
  /** The disk has less space left than it should have. */
  FREE_DISK
}
