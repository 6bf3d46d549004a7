package io.varve.http.net;

import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import java.io.IOException;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What every request goes through: its route is found, its body collected, and its handler run on a
 * virtual thread; failures become answers, and everything is counted.
 */
final class Dispatcher implements HttpHandler {
  private static final System.Logger LOG = System.getLogger(Dispatcher.class.getName());
  private static final HttpString ORIGIN = new HttpString("Origin");
  private static final HttpString ALLOW_ORIGIN = new HttpString("Access-Control-Allow-Origin");
  private static final HttpString ALLOW_HEADERS = new HttpString("Access-Control-Allow-Headers");
  private static final HttpString ALLOW_METHODS = new HttpString("Access-Control-Allow-Methods");
  private static final HttpString EXPOSE_HEADERS = new HttpString("Access-Control-Expose-Headers");
  private static final HttpString NO_SNIFF = new HttpString("X-Content-Type-Options");
  private static final HttpString STOPPING = new HttpString("X-Prometheus-Stopping");
  private static final String OTHER = "other";
  private static final Pattern SLASHES = Pattern.compile("/{2,}");

  private final List<Route> routes;
  private final Supplier<Availability> availability;
  private final ErrorAnswer apiErrors;
  private final Observer observer;
  private final HandlerThreads threads;
  private final Bodies bodies;
  private final Disconnects disconnects;
  private final long writeMillis;
  private final Origins origins;
  private final String prefix;
  private final AtomicInteger running = new AtomicInteger();

  Dispatcher(
      List<Route> routes,
      Supplier<Availability> availability,
      ErrorAnswer apiErrors,
      Observer observer,
      HandlerThreads threads,
      Bodies bodies,
      Disconnects disconnects,
      long writeMillis,
      Origins origins,
      String prefix) {
    this.routes = List.copyOf(routes);
    this.availability = availability;
    this.apiErrors = apiErrors;
    this.observer = observer;
    this.threads = threads;
    this.bodies = bodies;
    this.disconnects = disconnects;
    this.writeMillis = writeMillis;
    this.origins = origins;
    this.prefix = prefix;
  }

  /** Requests whose answer is being worked on, or on its way. */
  int running() {
    return running.get();
  }

  @Override
  public void handleRequest(HttpServerExchange exchange) {
    String path = exchange.getRequestPath();
    if (!prefix.isEmpty()) {
      if (path.equals("/")) {
        exchange.getResponseHeaders().put(Headers.LOCATION, prefix + "/");
        answer(exchange, OTHER, 302, "");
        return;
      }
      path = path.startsWith(prefix) ? path.substring(prefix.length()) : "none";
      path = path.isEmpty() ? "/" : path;
      if (!path.startsWith("/")) {
        exchange.getResponseHeaders().put(NO_SNIFF, "nosniff");
        answer(exchange, OTHER, 404, "404 page not found\n");
        return;
      }
    }
    String method = exchange.getRequestMethod().toString();
    List<String> segments = Route.segments(path);
    boolean api = path.startsWith("/api/");
    if (api) {
      addApiHeaders(exchange);
      if (method.equals("OPTIONS")) {
        answer(exchange, OTHER, 204, "");
        return;
      }
    }
    TreeSet<String> allowed = new TreeSet<>();
    for (Route route : routes) {
      String parameter = route.match(segments);
      if (parameter != null) {
        if (route.methods().contains(method)) {
          dispatch(exchange, route, parameter);
          return;
        }
        allowed.addAll(route.methods());
      }
    }
    if (allowed.isEmpty() && sentOn(exchange, method, path)) {
      return;
    }
    exchange.getResponseHeaders().put(NO_SNIFF, "nosniff");
    if (allowed.isEmpty()) {
      answer(exchange, OTHER, 404, "404 page not found\n");
    } else {
      exchange.getResponseHeaders().put(Headers.ALLOW, String.join(", ", allowed));
      answer(exchange, OTHER, 405, "Method Not Allowed\n");
    }
  }

  /**
   * True if the path has slashes twice where it would be known with one, as when a client's URL
   * ends in one: then the client is told of the right one. Other methods than GET and HEAD stay
   * what they are, with their body.
   */
  private boolean sentOn(HttpServerExchange exchange, String method, String path) {
    if (!path.contains("//")) {
      return false;
    }
    String clean = SLASHES.matcher(path).replaceAll("/");
    List<String> segments = Route.segments(clean);
    if (routes.stream().noneMatch(route -> route.match(segments) != null)) {
      return false;
    }
    String query = exchange.getQueryString();
    exchange
        .getResponseHeaders()
        .put(Headers.LOCATION, prefix + clean + (query.isEmpty() ? "" : "?" + query));
    answer(exchange, OTHER, method.equals("GET") || method.equals("HEAD") ? 301 : 307, "");
    return true;
  }

  private void addApiHeaders(HttpServerExchange exchange) {
    HeaderMap headers = exchange.getResponseHeaders();
    headers.add(Headers.VARY, "Accept-Encoding");
    headers.add(Headers.VARY, "Origin");
    String origin = exchange.getRequestHeaders().getFirst(ORIGIN);
    if (origin != null) {
      headers.put(ALLOW_HEADERS, "Accept, Authorization, Content-Type, Origin");
      headers.put(ALLOW_METHODS, "GET, POST, OPTIONS");
      headers.put(EXPOSE_HEADERS, "Date");
      String allowed = origins.allowed(origin);
      if (allowed != null) {
        headers.put(ALLOW_ORIGIN, allowed);
      }
    }
  }

  private void dispatch(HttpServerExchange exchange, Route route, String parameter) {
    Availability now = availability.get();
    if (route.needsStore() && now != Availability.READY) {
      exchange.getResponseHeaders().put(STOPPING, String.valueOf(now == Availability.STOPPING));
      if (now == Availability.STOPPING) {
        exchange.setPersistent(false);
      }
      answer(exchange, route.name(), 503, "Service Unavailable");
      return;
    }
    String unescaped;
    try {
      unescaped = Params.decodeSegment(parameter);
    } catch (IllegalArgumentException e) {
      answer(exchange, route.name(), 400, "Bad Request: " + e.getMessage() + "\n");
      return;
    }
    if (route.mostBodyBytes() == 0 || exchange.isRequestComplete()) {
      exchange.dispatch(where(exchange, route, 0), () -> run(exchange, route, unescaped, null, 0));
      return;
    }
    BodyReader.read(
        exchange,
        bodies,
        route.mostBodyBytes(),
        new BodyReader.Result() {
          @Override
          public void complete(byte[] body, int length) {
            exchange.dispatch(
                where(exchange, route, length),
                () -> run(exchange, route, unescaped, body, length));
          }

          @Override
          public void tooLarge() {
            exchange.setPersistent(false);
            answer(
                exchange,
                route.name(),
                413,
                "the request body is larger than " + route.mostBodyBytes() + " bytes\n");
          }

          @Override
          public void noRoom() {
            exchange.setPersistent(false);
            exchange.getResponseHeaders().put(Headers.RETRY_AFTER, "1");
            answer(
                exchange,
                route.name(),
                503,
                "too many request bodies are in memory (http.max_bodies_bytes); try again\n");
          }
        });
  }

  /** Where to begin. */
  private Executor where(HttpServerExchange exchange, Route route, int bodyLength) {
    int length = bodyLength + exchange.getQueryString().length();
    return length < route.quickBytes() ? threads.here() : threads.elsewhere();
  }

  /** A short answer straight from the I/O thread. */
  private void answer(HttpServerExchange exchange, String route, int status, String text) {
    exchange.setStatusCode(status);
    if (!text.isEmpty()) {
      exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, "text/plain; charset=utf-8");
    }
    observer.answered(route, status, 0, 0, text.length());
    exchange.getResponseSender().send(text);
  }

  private void run(
      HttpServerExchange exchange,
      Route route,
      String parameter,
      byte @Nullable [] body,
      int bodyLength) {
    long begin = System.nanoTime();
    running.incrementAndGet();
    Encoding encoding =
        route.style() == Route.Style.API
            ? Encoding.accepted(exchange.getRequestHeaders().getFirst(Headers.ACCEPT_ENCODING))
            : Encoding.IDENTITY;
    Response response = new Response(exchange, encoding, writeMillis);
    Request request = new Request(exchange, parameter, disconnects, body, bodyLength);
    boolean complete = false;
    try {
      try {
        route.handler().handle(request, response);
        if (!response.given()) {
          throw new IllegalStateException("BUG: " + route.name() + " gave no answer");
        }
      } catch (Throwable failure) {
        fail(failure, route, request, response);
      }
      complete = true;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, () -> route.name() + ": no answer: " + e.getMessage());
    } catch (Throwable e) {
      LOG.log(System.Logger.Level.ERROR, "BUG: " + route.name() + ": no answer", e);
    } finally {
      if (body != null) {
        bodies.give(body);
      }
      observer.answered(
          route.name(),
          complete ? response.status() : 0,
          System.nanoTime() - begin,
          bodyLength,
          response.bytes());
      response.depart(running::decrementAndGet);
    }
  }

  private void fail(Throwable failure, Route route, Request request, Response response)
      throws IOException {
    if (failure instanceof IOException broken) {
      throw broken;
    }
    if (!response.restart()) {
      LOG.log(
          System.Logger.Level.WARNING,
          () -> route.name() + ": the answer is broken off: " + failure,
          failure);
      throw new IOException("broken off", failure);
    }
    switch (route.style()) {
      case API -> apiErrors.answer(failure, request, response);
      case TEXT -> {
        if (failure instanceof RefusedException refused) {
          response.text(refused.status(), String.valueOf(refused.getMessage()));
          return;
        }
        LOG.log(System.Logger.Level.ERROR, "BUG: " + route.name(), failure);
        response.text(500, "internal error: " + failure + "\n");
      }
    }
  }
}
