package io.varve.http.cli;

import io.varve.engine.FsyncPolicy;
import io.varve.http.Server;
import io.varve.http.Version;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.http.reload.Reloadable;
import io.varve.http.reload.Reloader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** {@code varve serve}: runs the server until it is told to stop. */
@Command(
    name = "serve",
    description = {
      "Runs the server. Without options it listens on 127.0.0.1:9201 and keeps its data in ./data.",
      "It stops on SIGTERM or SIGINT: it finishes the requests that run and exits with 0.",
      "On SIGHUP it reads its configuration again."
    },
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  private static final System.Logger LOG = System.getLogger(ServeCommand.class.getName());

  /** What remains of ten seconds after the signal for closing; then the process ends regardless. */
  private static final Duration PATIENCE = Duration.ofMillis(9_500);

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration; docs/varve.yaml shows every setting.")
  private @Nullable Path config;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Where the data lives; created if missing.")
  private @Nullable Path dataDir;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Where to listen; port 0 lets the system choose.")
  private @Nullable String listen;

  @Option(
      names = "--fsync",
      paramLabel = "always|interval|os",
      converter = FsyncOption.class,
      description = "What an acknowledged write has survived.")
  private @Nullable FsyncPolicy fsync;

  private final CountDownLatch stop = new CountDownLatch(1);

  /** For picocli. */
  ServeCommand() {}

  /** A command with these options; null: not given. */
  ServeCommand(
      @Nullable Path config,
      @Nullable Path dataDir,
      @Nullable String listen,
      @Nullable FsyncPolicy fsync) {
    this.config = config;
    this.dataDir = dataDir;
    this.listen = listen;
    this.fsync = fsync;
  }

  @Override
  public Integer call() throws IOException {
    ServerConfig settings = settings();
    Logging.level(settings.log());
    if (settings.cluster().isSet()) {
      Logging.withoutGreetings();
    }
    PrintStream out = System.out;
    out.println("varve " + Version.varve());
    onSignal("TERM");
    onSignal("INT");
    try (Server server = open(settings)) {
      server.reloader().register(new LogLevelReload());
      if (Signal.handle(new Signal("HUP"), signal -> reload(server.reloader()))
          == SignalHandler.SIG_IGN) {
        LOG.log(
            System.Logger.Level.WARNING,
            "SIGHUP is ignored, as by nohup: the configuration is read again by POST /-/reload only"
                + " (http.lifecycle)");
      }
      InetSocketAddress address = server.address();
      out.println(
          "listening on http://"
              + new Address(address.getAddress().getHostAddress(), address.getPort()));
      if (!settings.http().externalUrl().isEmpty()) {
        out.println("found at " + settings.http().externalUrl());
      }
      out.println(
          "data in "
              + settings.dataDir().toAbsolutePath().normalize()
              + " (fsync "
              + settings.storage().fsync().name().toLowerCase(Locale.ROOT)
              + ")");
      long begin = System.nanoTime();
      String recovered = recover(server);
      out.printf(
          Locale.ROOT, "ready after %.2f s: %s%n", (System.nanoTime() - begin) / 1e9, recovered);
      for (String damage : server.damage()) {
        System.err.println("damaged: " + damage);
      }
      out.flush();
      awaitSignal();
    }
    out.println("stopped");
    return 0;
  }

  /**
   * Ends the process on an error: of a program without memory, or with classes missing, closing may
   * fail as well, and what then is left listens for ever and is never ready. Nothing was
   * acknowledged yet.
   */
  private static String recover(Server server) throws IOException {
    try {
      return server.recover();
    } catch (Error e) {
      try {
        System.err.println("varve: cannot open the data: " + e);
        e.printStackTrace();
        LOG.log(System.Logger.Level.ERROR, "cannot open the data", e);
      } finally {
        Runtime.getRuntime().halt(Failures.FAILED);
      }
      throw e;
    }
  }

  /** The configuration with what the options say. */
  ServerConfig settings() {
    ServerConfig settings = config == null ? ServerConfig.defaults() : ServerConfig.load(config);
    if (dataDir != null) {
      settings = settings.withDataDir(dataDir);
    }
    if (fsync != null) {
      settings = settings.withFsync(fsync);
    }
    if (listen != null) {
      try {
        settings = settings.withListen(Address.parse(listen));
      } catch (IllegalArgumentException e) {
        throw new ConfigException("--listen: " + e.getMessage());
      }
    }
    return settings;
  }

  private Server open(ServerConfig settings) throws IOException {
    try {
      return new Server(settings, this::settings, () -> stop("asked over HTTP"));
    } catch (IOException e) {
      throw new IOException("cannot listen on " + settings.listen() + ": " + e.getMessage(), e);
    }
  }

  /** The first signal asks for an orderly end; whoever sends a second one means it. */
  private void onSignal(String name) {
    Signal.handle(
        new Signal(name),
        signal -> {
          if (stop.getCount() == 0) {
            Runtime.getRuntime().halt(130);
          }
          stop("SIG" + name);
        });
  }

  private void stop(String reason) {
    LOG.log(System.Logger.Level.INFO, reason + ": stopping");
    Thread.ofPlatform().daemon().name("varve-patience").start(ServeCommand::endRegardless);
    stop.countDown();
  }

  /** Runs in a thread of the signal's own. */
  private static void reload(Reloader reloader) {
    LOG.log(System.Logger.Level.INFO, "SIGHUP: reloading the configuration");
    try {
      reloader.reload();
    } catch (ConfigException e) {
      LOG.log(System.Logger.Level.DEBUG, "reload", e); // the reloader has told what is wrong
    }
  }

  /** What is logged may change at any time. */
  private static final class LogLevelReload implements Reloadable {
    @Override
    public Set<String> settings() {
      return Set.of("log_level");
    }

    @Override
    public Runnable prepare(ServerConfig next) {
      return () -> Logging.level(next.log());
    }
  }

  private static void endRegardless() {
    try {
      Thread.sleep(PATIENCE);
    } catch (InterruptedException e) {
      return;
    }
    System.err.println(
        "varve: closing takes too long; the process ends now. Nothing acknowledged is lost: it is"
            + " in the log.");
    Runtime.getRuntime().halt(0);
  }

  private void awaitSignal() {
    try {
      stop.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
