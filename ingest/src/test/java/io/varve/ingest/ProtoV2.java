package io.varve.ingest;

import static io.varve.ingest.Proto.message;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Builds a remote write 2.0 request: series first, then the symbols that they have named. */
public final class ProtoV2 {
  private final List<String> symbols = new ArrayList<>(List.of(""));
  private final List<Proto> series = new ArrayList<>();

  /** A request of what {@code content} adds. */
  public static Proto request(Consumer<ProtoV2> content) {
    ProtoV2 request = new ProtoV2();
    content.accept(request);
    return request.build();
  }

  /** The number of a string in the symbol table. */
  public int ref(String text) {
    int at = symbols.indexOf(text);
    if (at < 0) {
      at = symbols.size();
      symbols.add(text);
    }
    return at;
  }

  /** Numbers of names and values in turn. */
  public long[] refs(Labels labels) {
    long[] refs = new long[2 * labels.size()];
    for (int i = 0; i < labels.size(); i++) {
      refs[2 * i] = ref(labels.name(i));
      refs[2 * i + 1] = ref(labels.value(i));
    }
    return refs;
  }

  /** Adds a series with labels in canonical order and what {@code data} writes. */
  public ProtoV2 series(Labels labels, Consumer<Proto> data) {
    return series(refs(labels), data);
  }

  /** Adds a series by its label references. */
  public ProtoV2 series(long[] refs, Consumer<Proto> data) {
    return raw(
        message(
            m -> {
              m.packedVarints(1, refs);
              data.accept(m);
            }));
  }

  /** Adds a series that is built elsewhere. */
  public ProtoV2 raw(Proto one) {
    series.add(one);
    return this;
  }

  private Proto build() {
    return message(
        m -> {
          for (String symbol : symbols) {
            m.string(4, symbol);
          }
          for (Proto s : series) {
            m.field(5, s);
          }
        });
  }

  /** A {@code Sample}. */
  public static Proto sample(long time, double value, long start) {
    return message(
        m -> {
          m.bits(1, Double.doubleToRawLongBits(value)).varint(2, time);
          if (start != 0) {
            m.varint(3, start);
          }
        });
  }

  /** A {@code Metadata}. */
  public static Proto metadata(int type, int helpRef, int unitRef) {
    return message(m -> m.varint(1, type).varint(3, helpRef).varint(4, unitRef));
  }

  /** An {@code Exemplar}. */
  public static Proto exemplar(long time, double value, long... refs) {
    return message(
        m -> {
          if (refs.length > 0) {
            m.packedVarints(1, refs);
          }
          m.bits(2, Double.doubleToRawLongBits(value)).varint(3, time);
        });
  }
}
