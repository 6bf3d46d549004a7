package io.varve.engine;

/** What an acknowledged write has survived. */
public enum FsyncPolicy {
  /** It is on stable storage: a power cut loses nothing that was acknowledged. */
  ALWAYS,
  /**
   * It is with the operating system and on stable storage within 200 ms: a kill of the process
   * loses nothing, a power cut at most the last 200 ms. The default.
   */
  INTERVAL,
  /** It is with the operating system, which writes it when it likes: a kill loses nothing. */
  OS
}
