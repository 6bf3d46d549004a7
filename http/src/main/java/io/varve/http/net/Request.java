package io.varve.http.net;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One request, complete with its body. For the thread that handles it. */
public final class Request {
  private static final byte[] NO_BODY = {};

  private final HttpServerExchange exchange;
  private final String pathParameter;
  private final Disconnects disconnects;
  private final byte[] body;
  private final int bodyLength;
  private @Nullable Params params;

  Request(
      HttpServerExchange exchange,
      String pathParameter,
      Disconnects disconnects,
      byte @Nullable [] body,
      int bodyLength) {
    this.exchange = exchange;
    this.pathParameter = pathParameter;
    this.disconnects = disconnects;
    this.body = body == null ? NO_BODY : body;
    this.bodyLength = bodyLength;
  }

  /** The HTTP method. */
  public String method() {
    return exchange.getRequestMethod().toString();
  }

  /** The path as it was sent, without query. */
  public String path() {
    return exchange.getRequestPath();
  }

  /** The part of the URL behind the question mark, as it was sent; "" if there is none. */
  public String query() {
    return exchange.getQueryString();
  }

  /** What stands in place of "*" in the route's path, unescaped. */
  public String pathParameter() {
    return pathParameter;
  }

  /** The first value of a header, null if it was not sent. */
  public @Nullable String header(String name) {
    HeaderMap headers = exchange.getRequestHeaders();
    return headers.getFirst(name);
  }

  /** True if it came over TLS, from a client that has shown a certificate that is trusted. */
  public boolean isProven() {
    return exchange.getConnection().getSslSessionInfo() != null;
  }

  /** The array that holds the body at its start; valid until the handler returns. */
  public byte[] body() {
    return body;
  }

  /** Bytes of the body. */
  public int bodyLength() {
    return bodyLength;
  }

  /**
   * The parameters of form body and URL.
   *
   * @throws IllegalArgumentException if they are not properly escaped
   */
  public Params params() {
    Params parsed = params;
    if (parsed == null) {
      parsed = new Params();
      if (hasForm()) {
        parsed.parse(body, bodyLength);
      }
      byte[] query = exchange.getQueryString().getBytes(StandardCharsets.UTF_8);
      parsed.parse(query, query.length);
      params = parsed;
    }
    return parsed;
  }

  private boolean hasForm() {
    String type = exchange.getRequestHeaders().getFirst(Headers.CONTENT_TYPE);
    if (type == null || bodyLength == 0) {
      return false;
    }
    int semicolon = type.indexOf(';');
    String media = semicolon < 0 ? type : type.substring(0, semicolon);
    return media.strip().toLowerCase(Locale.ROOT).equals("application/x-www-form-urlencoded");
  }

  /**
   * Runs {@code action} once, on another thread, if the client goes away before the returned watch
   * is closed. Close it before the answer ends.
   */
  public Disconnects.Watch onDisconnect(Runnable action) {
    return disconnects.watch(exchange, action);
  }
}
