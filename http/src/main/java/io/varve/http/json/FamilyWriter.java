package io.varve.http.json;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes samples in a format that servers scrape. Samples of one metric come one after the other,
 * floats before histograms. Not thread-safe.
 */
public sealed interface FamilyWriter permits Exposition, ProtobufExposition {
  /**
   * The labels of a sample.
   *
   * @param labels all that have a value
   * @param emptyLabel one that is to be written with an empty value; "" for none
   */
  record Row(Labels labels, String emptyLabel) {}

  /** How names are written that are not of the classic characters. */
  enum Names {
    /** With underscores in place of other characters. */
    UNDERSCORES,
    /** Dots as {@code _dot_}, underscores and other characters as two underscores. */
    DOTS,
    /** As label names in paths are: {@code U__my_2e_name}, from which the name can be read back. */
    VALUES,
    /** As they are: in text in quotes, for readers that understand it. */
    QUOTED;

    /** How a part of an Accept header asks for them. */
    private static Names accepted(String part) {
      for (Names names : values()) {
        if ((part + ';').contains(';' + names.parameter() + ';')) {
          return names;
        }
      }
      return UNDERSCORES;
    }

    private String parameter() {
      return switch (this) {
        case UNDERSCORES -> "escaping=underscores";
        case DOTS -> "escaping=dots";
        case VALUES -> "escaping=values";
        case QUOTED -> "escaping=allow-utf-8";
      };
    }
  }

  /**
   * A format that a client may ask for.
   *
   * @param protobuf true for length-delimited protobuf messages, false for text
   * @param names how names are written
   */
  record Format(boolean protobuf, Names names) {
    private static final String PROTOBUF = "application/vnd.google.protobuf";
    private static final String FAMILY = "proto=io.prometheus.client.MetricFamily";
    private static final int MOST_PARTS = 32;

    /** The first that is known of those that a client accepts, by weight; text if none is. */
    public static Format accepted(@Nullable String accept) {
      if (accept != null) {
        List<String> parts = new ArrayList<>();
        for (String part : accept.split(",", MOST_PARTS)) {
          parts.add(part.replace(" ", ""));
        }
        parts.sort(Comparator.comparingDouble(part -> -weight(part)));
        for (String part : parts) {
          Names names = Names.accepted(part);
          if (part.startsWith(PROTOBUF)
              && part.contains(FAMILY)
              && part.contains("encoding=delimited")) {
            return new Format(true, names);
          }
          if (part.startsWith("text/plain")) {
            return new Format(false, names);
          }
        }
      }
      return new Format(false, Names.UNDERSCORES);
    }

    private static double weight(String part) {
      int q = part.indexOf(";q=");
      if (q < 0) {
        return 1;
      }
      int end = part.indexOf(';', q + 1);
      double weight = GoFloat.parse(part.substring(q + 3, end < 0 ? part.length() : end)).orElse(0);
      return Double.isNaN(weight) ? 0 : weight;
    }

    /** What it is called over HTTP. */
    public String contentType() {
      if (protobuf) {
        return PROTOBUF + "; " + FAMILY + "; encoding=delimited; " + names.parameter();
      }
      String version = names == Names.UNDERSCORES ? "0.0.4" : "1.0.0";
      return "text/plain; version=" + version + "; charset=utf-8; " + names.parameter();
    }

    /** Writes to a stream, which stays open. */
    public FamilyWriter writer(OutputStream out) {
      return protobuf ? new ProtobufExposition(out, names) : new Exposition(out, names);
    }
  }

  /** Writes a float. */
  void sample(Row row, double value, long timeMillis) throws IOException;

  /** Writes a histogram; one that the format cannot express is left out. */
  void histogram(Row row, Histogram histogram, long timeMillis) throws IOException;

  /** Hands everything to the stream. */
  void end() throws IOException;

  /** A name as it is written, without quotes. */
  static String shown(String name, Names names, boolean metric) {
    return switch (names) {
      case UNDERSCORES -> Exposition.underscored(name, metric);
      case DOTS -> Exposition.dotted(name, metric);
      case VALUES -> Exposition.encoded(name, metric);
      case QUOTED -> name;
    };
  }
}
