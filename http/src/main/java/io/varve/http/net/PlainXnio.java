package io.varve.http.net;

import javax.management.MBeanServerBuilder;
import javax.management.MBeanServerDelegate;
import org.xnio.Xnio;

/**
 * Starts XNIO without its beans. To register a few of them, it and its thread pool ask for the
 * JVM's server of beans, and so have all of the JVM's own described, down to the help texts of its
 * diagnostic commands: a quarter of what a start takes. The pool can be told not to; XNIO does
 * without its beans if there is no such server. Whoever asks for the server later (JConsole, an
 * agent) gets it as ever, and one that is there already is used.
 */
final class PlainXnio {
  private static final String BUILDER = "javax.management.builder.initial";
  private static final String POOL = "jboss.threads.eqe.disable-mbean";

  private PlainXnio() {}

  /** There is no server of beans as long as this is to make it. Public for who makes it. */
  public static final class NoServer extends MBeanServerBuilder {
    /** For who makes it by its name. */
    public NoServer() {}

    @Override
    public MBeanServerDelegate newMBeanServerDelegate() {
      throw new IllegalStateException("XNIO is to start without beans");
    }
  }

  static Xnio start() {
    if (System.getProperty(POOL) == null) {
      System.setProperty(POOL, "true");
    }
    String before = System.getProperty(BUILDER);
    System.setProperty(BUILDER, NoServer.class.getName());
    try {
      return Xnio.getInstance(PlainXnio.class.getClassLoader());
    } finally {
      if (before == null) {
        System.clearProperty(BUILDER);
      } else {
        System.setProperty(BUILDER, before);
      }
    }
  }
}
