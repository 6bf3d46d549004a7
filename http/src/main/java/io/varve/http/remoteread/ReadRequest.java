package io.varve.http.remoteread;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.ingest.protobuf.ProtoReader;
import io.varve.ingest.remotewrite.SnappyBlock;
import io.varve.query.promql.RegexBudget;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client asks for ({@code prometheus.ReadRequest}).
 *
 * @param queries at most {@value #MOST_QUERIES}
 * @param responseTypes forms of the answer that the client takes, the preferred one first, by their
 *     protobuf numbers; empty if it does not say
 */
public record ReadRequest(List<Query> queries, List<Integer> responseTypes) {
  /** Decoded bytes of a request. */
  public static final int MOST_BYTES = 32 << 20;

  private static final int MOST_QUERIES = 10_000;
  private static final int MOST_MATCHERS = 1_000;
  private static final int MOST_TYPES = 16;
  private static final String SOURCE = "read request";
  private static final Matcher.Type[] TYPES = {
    Matcher.Type.EQ, Matcher.Type.NEQ, Matcher.Type.RE, Matcher.Type.NRE
  };

  /**
   * One selection.
   *
   * @param range of the samples, narrowed by the client's hints if it gave any
   * @param onlyLabels true if the hints say that no samples are wanted
   */
  public record Query(TimeRange range, List<Matcher> matchers, boolean onlyLabels) {}

  /**
   * Reads a body.
   *
   * @throws CorruptDataException if it is no snappy block, too large, or no such message
   * @throws IllegalArgumentException if a matcher's regular expression is none
   */
  public static ReadRequest decode(byte[] body, int length) {
    long declared = SnappyBlock.declaredLength(body, 0, length);
    if (declared > MOST_BYTES) {
      throw new CorruptDataException(
          SOURCE, 0, declared + " decoded bytes, more than " + MOST_BYTES);
    }
    byte[] message = new byte[(int) declared];
    int size = SnappyBlock.decode(body, 0, length, message);
    ProtoReader in = new ProtoReader(SOURCE).on(message, 0, size);
    List<Query> queries = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    RegexBudget regexes = new RegexBudget();
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "queries");
          if (queries.size() == MOST_QUERIES) {
            throw in.corrupt("more than " + MOST_QUERIES + " queries");
          }
          int outer = in.enter();
          queries.add(query(in, message, regexes));
          in.leave(outer);
        }
        case 2 -> types(in, tag, types);
        default -> in.skip(tag);
      }
    }
    return new ReadRequest(queries, types);
  }

  /** Packed or not. */
  private static void types(ProtoReader in, int tag, List<Integer> types) {
    if ((tag & 7) == ProtoReader.VARINT) {
      addType(in, types);
      return;
    }
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, "accepted_response_types");
    int outer = in.enter();
    while (!in.atEnd()) {
      addType(in, types);
    }
    in.leave(outer);
  }

  private static void addType(ProtoReader in, List<Integer> types) {
    int type = (int) in.varint();
    if (types.size() < MOST_TYPES) {
      types.add(type);
    }
  }

  private static Query query(ProtoReader in, byte[] message, RegexBudget regexes) {
    long start = 0;
    long end = 0;
    Hints hints = new Hints();
    List<Matcher> matchers = new ArrayList<>();
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> start = varint(in, tag, "start_timestamp_ms");
        case 2 -> end = varint(in, tag, "end_timestamp_ms");
        case 3 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "matchers");
          if (matchers.size() == MOST_MATCHERS) {
            throw in.corrupt("more than " + MOST_MATCHERS + " matchers");
          }
          int outer = in.enter();
          matchers.add(matcher(in, message, regexes));
          in.leave(outer);
        }
        case 4 -> {
          in.expect(tag, ProtoReader.LENGTH_DELIMITED, "hints");
          int outer = in.enter();
          hints.read(in, message);
          in.leave(outer);
        }
        default -> in.skip(tag);
      }
    }
    if (hints.start != 0 || hints.end != 0) {
      start = Math.max(start, hints.start);
      end = Math.min(end, hints.end);
    }
    return new Query(TimeRange.closed(start, end), matchers, hints.function.equals("series"));
  }

  /** What the client will do with the samples. */
  private static final class Hints {
    long start;
    long end;
    String function = "";

    void read(ProtoReader in, byte[] message) {
      while (!in.atEnd()) {
        int tag = in.tag();
        switch (tag >>> 3) {
          case 2 -> function = text(in, tag, message, "func");
          case 3 -> start = varint(in, tag, "start_ms");
          case 4 -> end = varint(in, tag, "end_ms");
          default -> in.skip(tag);
        }
      }
    }
  }

  private static Matcher matcher(ProtoReader in, byte[] message, RegexBudget regexes) {
    long type = 0;
    String name = "";
    String value = "";
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> type = varint(in, tag, "type");
        case 2 -> name = text(in, tag, message, "name");
        case 3 -> value = text(in, tag, message, "value");
        default -> in.skip(tag);
      }
    }
    if (type < 0 || type >= TYPES.length) {
      throw in.corrupt("invalid matcher type " + type);
    }
    Matcher.Type kind = TYPES[(int) type];
    if (kind == Matcher.Type.RE || kind == Matcher.Type.NRE) {
      regexes.add(value);
    }
    return new Matcher(kind, name, value);
  }

  private static long varint(ProtoReader in, int tag, String field) {
    in.expect(tag, ProtoReader.VARINT, field);
    return in.varint();
  }

  private static String text(ProtoReader in, int tag, byte[] message, String field) {
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, field);
    int length = in.length();
    String text = new String(message, in.at(), length, StandardCharsets.UTF_8);
    in.pass(length);
    return text;
  }
}
