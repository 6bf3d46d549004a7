package io.varve.engine.io;

/**
 * The power of a {@link SimFileSystem} is gone: nothing the code under test could handle, its world
 * has ended. Unchecked, so that it passes handlers of ordinary disk errors and reaches the test.
 */
public final class PowerCutException extends RuntimeException {
  private static final long serialVersionUID = 1;

  PowerCutException(long operation) {
    super("power cut at operation " + operation);
  }
}
