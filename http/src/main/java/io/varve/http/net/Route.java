package io.varve.http.net;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which requests a handler answers, and on what terms. Immutable; the {@code with…} methods change
 * one thing each.
 *
 * @param name what metrics and logs call it
 * @param methods HTTP methods it takes
 * @param segments of the path; "*" stands for one that is a parameter
 * @param style what surrounds the answers
 * @param needsStore true if requests are turned away until the store is ready
 * @param mostBodyBytes a larger body is answered 413; 0 if no body is looked at
 * @param quickBytes the handler is mostly quick with a shorter question, and begins in the thread
 *     that received it; 0 if it never does
 * @param handler who answers
 */
public record Route(
    String name,
    Set<String> methods,
    List<String> segments,
    Style style,
    boolean needsStore,
    int mostBodyBytes,
    int quickBytes,
    Handler handler) {

  /** A question that takes long to read. */
  private static final int LONG_QUESTION = 1 << 13;

  /** What surrounds an answer. */
  public enum Style {
    /** Part of the JSON API: CORS headers, compression, error envelope. */
    API,
    /** Plain text. */
    TEXT
  }

  /** A part of the JSON API that needs the store. */
  public static Route api(String path, Handler handler, String... methods) {
    return new Route(path, Set.of(methods), segments(path), Style.API, true, 0, 0, handler);
  }

  /** A page of plain text that is there at any time. */
  public static Route text(String path, Handler handler, String... methods) {
    return new Route(path, Set.of(methods), segments(path), Style.TEXT, false, 0, 0, handler);
  }

  /** The same, also before the store is ready, or only when it is. */
  public Route withNeedsStore(boolean needs) {
    return new Route(name, methods, segments, style, needs, mostBodyBytes, quickBytes, handler);
  }

  /** The same with a body of at most so many bytes. */
  public Route withBody(int mostBytes) {
    return new Route(name, methods, segments, style, needsStore, mostBytes, quickBytes, handler);
  }

  /**
   * The same, begun in the thread that received the request, if the question is not long. The
   * handler asks {@link HandlerThreads#giveWay} when it takes its time.
   */
  public Route withQuick() {
    return withQuick(LONG_QUESTION);
  }

  /** The same, if query and body together are shorter than so many bytes. */
  public Route withQuick(int bytes) {
    return new Route(name, methods, segments, style, needsStore, mostBodyBytes, bytes, handler);
  }

  /** The same for some of its methods, with another handler. */
  public Route with(Set<String> some, Handler other) {
    return new Route(
        name, Set.copyOf(some), segments, style, needsStore, mostBodyBytes, quickBytes, other);
  }

  /**
   * What stands in place of the path's "*".
   *
   * @return null if this is another path, "" if there is no parameter
   */
  @Nullable String match(List<String> path) {
    if (path.size() != segments.size()) {
      return null;
    }
    String parameter = "";
    for (int i = 0; i < path.size(); i++) {
      if (segments.get(i).equals("*")) {
        parameter = path.get(i);
        if (parameter.isEmpty()) {
          return null;
        }
      } else if (!segments.get(i).equals(path.get(i))) {
        return null;
      }
    }
    return parameter;
  }

  /** A path's segments; those of "/" are one empty one. */
  static List<String> segments(String path) {
    List<String> segments = new ArrayList<>();
    int from = path.startsWith("/") ? 1 : 0;
    for (int slash; (slash = path.indexOf('/', from)) >= 0; from = slash + 1) {
      segments.add(path.substring(from, slash));
    }
    segments.add(path.substring(from));
    return List.copyOf(segments);
  }
}
