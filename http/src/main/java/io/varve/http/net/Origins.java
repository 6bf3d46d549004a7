package io.varve.http.net;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which pages a browser may let read answers (CORS). Immutable.
 *
 * @param all true if it does not matter where a page comes from
 * @param accepted tests an origin, such as {@code https://example.org}
 */
public record Origins(boolean all, Predicate<String> accepted) {
  /** All of them: there is nothing here that a cookie guards. */
  public static final Origins ALL = new Origins(true, origin -> true);

  /** Those that pass a test. */
  public static Origins of(Predicate<String> accepted) {
    return new Origins(false, accepted);
  }

  /** What {@code Access-Control-Allow-Origin} says to an origin; null if nothing. */
  @Nullable String allowed(String origin) {
    if (all) {
      return "*";
    }
    return accepted.test(origin) ? origin : null;
  }
}
