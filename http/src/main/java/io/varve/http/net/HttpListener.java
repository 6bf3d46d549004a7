package io.varve.http.net;

import io.undertow.UndertowOptions;
import io.undertow.connector.ByteBufferPool;
import io.undertow.protocols.ssl.UndertowXnioSsl;
import io.undertow.server.DefaultByteBufferPool;
import io.undertow.server.handlers.HttpContinueReadHandler;
import io.undertow.server.protocol.http.HttpOpenListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.xnio.ChannelListeners;
import org.xnio.IoUtils;
import org.xnio.OptionMap;
import org.xnio.Options;
import org.xnio.Sequence;
import org.xnio.SslClientAuthMode;
import org.xnio.StreamConnection;
import org.xnio.XnioWorker;
import org.xnio.channels.AcceptingChannel;

/** The open port with everything behind it. Any thread. */
public final class HttpListener implements AutoCloseable {
  private static final int MOST_HEADER_BYTES = 1 << 20;

  /** Of a URL: many match[], say. Beyond it the answer is a bare 400. (The default is 1000.) */
  private static final int MOST_PARAMETERS = 20_000;

  private static final int BACKLOG = 1_000;

  /**
   * At most 4 MiB of free buffers are kept; to make a new one for each request costs a tenth of it.
   */
  private static final int FREE_BUFFERS = 256;

  /** No buffers cached per thread: a virtual thread would take them to its grave. */
  private static final ByteBufferPool BUFFERS =
      new DefaultByteBufferPool(true, 16_384 - 20, FREE_BUFFERS, 0, 0);

  private final HandlerThreads threads;
  private final Disconnects disconnects = new Disconnects();
  private final Bodies bodies;
  private final Dispatcher dispatcher;
  private final XnioWorker worker;
  private final HttpOpenListener open;
  private final AcceptingChannel<? extends StreamConnection> server;
  private volatile @Nullable AcceptingChannel<? extends StreamConnection> secured;

  /**
   * How connections are treated.
   *
   * @param maxBodiesBytes request bodies in memory at one time
   * @param idleMillis a connection without traffic is closed after this
   * @param writeMillis an answer that is not read for this long is given up
   * @param origins which pages a browser may let read answers
   * @param prefix what all paths begin with, with a slash before it; "" for nothing
   */
  public record Limits(
      long maxBodiesBytes, long idleMillis, long writeMillis, Origins origins, String prefix) {}

  /**
   * Opens the port.
   *
   * @throws IOException if it cannot be opened
   */
  public HttpListener(
      String host,
      int port,
      Limits limits,
      List<Route> routes,
      Supplier<Availability> availability,
      ErrorAnswer apiErrors,
      Observer observer)
      throws IOException {
    bodies = new Bodies(limits.maxBodiesBytes());
    try {
      worker =
          PlainXnio.start()
              .createWorker(
                  OptionMap.builder()
                      .set(Options.WORKER_NAME, "varve-http")
                      .set(Options.WORKER_IO_THREADS, ioThreads())
                      .set(Options.WORKER_TASK_CORE_THREADS, 1) // handlers run on virtual threads
                      .set(Options.WORKER_TASK_MAX_THREADS, 1)
                      .set(Options.THREAD_DAEMON, true)
                      .getMap());
      threads = new HandlerThreads(worker);
      dispatcher =
          new Dispatcher(
              routes,
              availability,
              apiErrors,
              observer,
              threads,
              bodies,
              disconnects,
              limits.writeMillis(),
              limits.origins(),
              limits.prefix());
      open = new HttpOpenListener(BUFFERS, undertowOptions(limits, routes));
      open.setRootHandler(new HttpContinueReadHandler(dispatcher));
      server =
          worker.createStreamConnectionServer(
              new InetSocketAddress(InetAddress.getByName(host), port),
              ChannelListeners.openListenerAdapter(open),
              OptionMap.builder()
                  .set(Options.TCP_NODELAY, true)
                  .set(Options.REUSE_ADDRESSES, true)
                  .set(Options.BACKLOG, BACKLOG)
                  .getMap());
    } catch (IOException e) {
      disconnects.close();
      throw e;
    }
    server.resumeAccepts();
  }

  /** Arrives at once with the byte that makes a body too large. */
  private static final long BODY_SLACK_BYTES = 1 << 20;

  private static int ioThreads() {
    return Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 8);
  }

  private static OptionMap undertowOptions(Limits limits, List<Route> routes) {
    long mostBody = routes.stream().mapToLong(Route::mostBodyBytes).max().orElse(0);
    int idle = (int) Math.min(limits.idleMillis(), Integer.MAX_VALUE);
    return OptionMap.builder()
        .set(UndertowOptions.DECODE_URL, false)
        .set(UndertowOptions.ALLOW_UNESCAPED_CHARACTERS_IN_URL, true)
        .set(UndertowOptions.MAX_HEADER_SIZE, MOST_HEADER_BYTES)
        .set(UndertowOptions.MAX_PARAMETERS, MOST_PARAMETERS)
        // Beyond it the connection is cut; each route answers 413 before. (The default is 2 MiB.)
        .set(UndertowOptions.MAX_ENTITY_SIZE, mostBody + BODY_SLACK_BYTES)
        .set(UndertowOptions.BUFFER_PIPELINED_DATA, true)
        .set(UndertowOptions.NO_REQUEST_TIMEOUT, idle)
        .set(UndertowOptions.IDLE_TIMEOUT, idle)
        .getMap();
  }

  /**
   * Opens one more port, where clients speak TLS and show a certificate.
   *
   * @param context whom to trust, and what to show
   * @param versions of TLS, such as {@code TLSv1.3}
   * @throws IOException if it cannot be opened
   */
  public void listenSecured(String host, int port, SSLContext context, String... versions)
      throws IOException {
    AcceptingChannel<? extends StreamConnection> more =
        new UndertowXnioSsl(worker.getXnio(), OptionMap.EMPTY, context)
            .createSslConnectionServer(
                worker,
                new InetSocketAddress(InetAddress.getByName(host), port),
                ChannelListeners.openListenerAdapter(open),
                OptionMap.builder()
                    .set(Options.TCP_NODELAY, true)
                    .set(Options.REUSE_ADDRESSES, true)
                    .set(Options.BACKLOG, BACKLOG)
                    .set(Options.SSL_CLIENT_AUTH_MODE, SslClientAuthMode.REQUIRED)
                    .set(Options.SSL_ENABLED_PROTOCOLS, Sequence.of(versions))
                    .getMap());
    secured = more;
    more.resumeAccepts();
  }

  /** Where it listens, with the port that the system chose if it was to. */
  public InetSocketAddress address() {
    return server.getLocalAddress(InetSocketAddress.class);
  }

  /** Requests whose answer is being worked on, or on its way. */
  public int running() {
    return dispatcher.running();
  }

  /** Bytes of request bodies in memory. */
  public long bodyBytes() {
    return bodies.heldBytes();
  }

  /** Takes no more connections; those that are open go on. */
  public void stopAccepting() {
    IoUtils.safeClose(server);
    IoUtils.safeClose(secured);
  }

  /** Closes every connection. */
  @Override
  public void close() {
    IoUtils.safeClose(server);
    IoUtils.safeClose(secured);
    open.closeConnections();
    worker.shutdownNow();
    disconnects.close();
    threads.close();
  }
}
