package io.varve.http.cli;

import java.util.concurrent.Callable;

/**
 * How the program begins: a plain {@code serve} at once, all other command lines by picocli. The
 * rehearsal goes without picocli, too, so that the cache of classes does not refer to it.
 */
public final class Launch {
  private Launch() {}

  /** Runs a command line and returns the exit code. */
  public static int run(String... args) throws Exception {
    boolean rehearsal = args.length == 1 && args[0].equals("rehearse");
    Callable<Integer> plain = rehearsal ? new RehearseCommand() : PlainServe.parse(args);
    if (plain == null) {
      return VarveCommand.run(args);
    }
    try {
      return plain.call();
    } catch (Exception e) {
      return Failures.explain(e);
    }
  }
}
