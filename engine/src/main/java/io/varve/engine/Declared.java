package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.ManifestState;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The continuous aggregates that were declared while the store was open: definitions by name, which
 * whoever declares them understands. Immutable. The log has them as the payload of AGGREGATES, the
 * manifest keeps the last ones for what has left the log, as the watermark {@code aggregates}: the
 * same bytes in hexadecimal.
 */
record Declared(SortedMap<String, String> definitions) {
  private static final String KEY = "aggregates";

  /** Most definitions. */
  static final int MOST = 100;

  /** Longest name or definition, in characters. */
  static final int MOST_CHARACTERS = 8_192;

  /** None. */
  static final Declared NONE = new Declared(new TreeMap<>());

  /** Keeps its own copy. */
  Declared {
    definitions = Collections.unmodifiableSortedMap(new TreeMap<>(definitions));
  }

  /**
   * These and another one, in place of one of the same name.
   *
   * @throws IllegalArgumentException if that is too much
   */
  Declared with(String name, String definition) {
    if (name.length() > MOST_CHARACTERS || definition.length() > MOST_CHARACTERS) {
      throw new IllegalArgumentException(
          "a definition of more than " + MOST_CHARACTERS + " characters");
    }
    TreeMap<String, String> next = new TreeMap<>(definitions);
    next.put(name, definition);
    if (next.size() > MOST) {
      throw new IllegalArgumentException("more than " + MOST + " aggregates");
    }
    return new Declared(next);
  }

  /** These without the one of a name. */
  Declared without(String name) {
    TreeMap<String, String> next = new TreeMap<>(definitions);
    next.remove(name);
    return new Declared(next);
  }

  void encode(ByteWriter out) {
    out.varint(definitions.size());
    for (Map.Entry<String, String> entry : definitions.entrySet()) {
      out.string(entry.getKey());
      out.string(entry.getValue());
    }
  }

  static Declared decode(ByteReader in) {
    int count = in.count(MOST);
    TreeMap<String, String> definitions = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      String name = in.string();
      definitions.put(name, in.string());
    }
    if (definitions.size() != count) {
      throw in.corrupt("two aggregates of one name");
    }
    return new Declared(definitions);
  }

  /** What a manifest says. */
  static Declared of(ManifestState state) {
    String text = state.watermarks().get(KEY);
    if (text == null) {
      return NONE;
    }
    try {
      return decode(new ByteReader(HexFormat.of().parseHex(text), "watermark " + KEY));
    } catch (IllegalArgumentException e) {
      throw new CorruptDataException("MANIFEST", -1, "watermark " + KEY + " is " + text);
    }
  }

  /** Lets an edit say so. */
  void into(ManifestEdit edit) {
    ByteWriter out = new ByteWriter(64);
    encode(out);
    edit.watermark(KEY, definitions.isEmpty() ? null : HexFormat.of().formatHex(out.toByteArray()));
  }
}
