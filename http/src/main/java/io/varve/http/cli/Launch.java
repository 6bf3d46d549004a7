package io.varve.http.cli;

/** How the program begins: a plain {@code serve} at once, all other command lines by picocli. */
public final class Launch {
  private Launch() {}

  /** Runs a command line and returns the exit code. */
  public static int run(String... args) throws Exception {
    ServeCommand serve = PlainServe.parse(args);
    if (serve == null) {
      return VarveCommand.run(args);
    }
    try {
      return serve.call();
    } catch (Exception e) {
      return Failures.explain(e);
    }
  }
}
