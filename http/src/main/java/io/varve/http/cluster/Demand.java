package io.varve.http.cluster;

import io.varve.http.config.ClusterConfig.Level;
import io.varve.http.net.Request;
import io.varve.ingest.cluster.LogPosition;
import java.util.Locale;

/** What a read has to see. */
sealed interface Demand {
  /** Everything that is older than the bound. */
  record Bounded() implements Demand {}

  /** Everything up to a position of each shard. */
  record Fenced(LogPosition... positions) implements Demand {}

  /** Everything that was acknowledged before the read came. */
  record Strong() implements Demand {}

  /**
   * What a request says: by headers, by parameters, or, if it says nothing, by what the
   * configuration holds for it.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static Demand of(Request request, Level otherwise, int shards) {
    String level = text(request, Headers.CONSISTENCY, "consistency").toLowerCase(Locale.ROOT);
    String position = text(request, Headers.POSITION, "position");
    return switch (level) {
      case "" -> {
        if (!position.isEmpty()) {
          yield fenced(position, shards);
        }
        yield otherwise == Level.STRONG ? new Strong() : new Bounded();
      }
      case "bounded" -> new Bounded();
      case "strong" -> new Strong();
      case "fenced" -> {
        if (position.isEmpty()) {
          throw new IllegalArgumentException(
              "invalid parameter \"consistency\": a fenced read carries the position that a write"
                  + " gave (parameter position, or header "
                  + Headers.POSITION
                  + ")");
        }
        yield fenced(position, shards);
      }
      default ->
          throw new IllegalArgumentException(
              "invalid parameter \"consistency\": \""
                  + level
                  + "\" is none of bounded, fenced, strong");
    };
  }

  private static Fenced fenced(String position, int shards) {
    try {
      return new Fenced(PositionToken.parse(position, shards));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("invalid parameter \"position\": " + e.getMessage(), e);
    }
  }

  private static String text(Request request, String header, String parameter) {
    String said = request.header(header);
    if (said != null) {
      return said;
    }
    // Whoever has no parameters at all is spared their parsing.
    if (request.query().isEmpty() && request.bodyLength() == 0) {
      return "";
    }
    try {
      return request.params().get(parameter);
    } catch (IllegalArgumentException e) {
      return ""; // the handler refuses the request
    }
  }
}
