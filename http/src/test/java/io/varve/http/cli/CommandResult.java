package io.varve.http.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;

/**
 * What came of a command line that ran in this process.
 *
 * @param exit the code with which the process would have ended
 */
public record CommandResult(int exit, String out, String err) {
  /** Runs {@code varve} with arguments. */
  public static CommandResult of(String... arguments) {
    try {
      return of(() -> VarveCommand.run(arguments));
    } catch (Exception e) {
      throw new AssertionError("a command does not throw", e);
    }
  }

  /** Runs something that ends with an exit code, and takes what it prints. */
  static CommandResult of(Callable<Integer> run) throws Exception {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
    try {
      int exit = run.call();
      return new CommandResult(
          exit,
          outBytes.toString(StandardCharsets.UTF_8),
          errBytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }
}
