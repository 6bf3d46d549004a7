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
 * Texts by name that were declared while the store was open, and are the same on all its replicas.
 * What they mean is up to whoever declares them. Immutable. The log has them as the payload of
 * their kind of record, the manifest keeps the last ones for what has left the log, as a watermark
 * of the kind's name: the same bytes in hexadecimal.
 */
record Declared(Kind kind, SortedMap<String, String> definitions) {
  /** What is declared. */
  enum Kind {
    /** Continuous aggregates. */
    AGGREGATES(Records.AGGREGATES, "aggregates", 100, 8_192),

    /** Settings that all nodes of a cluster have in common. */
    SHARED(Records.SHARED, "shared", 1_000, 1 << 20);

    /** Of the record that says so. */
    final int record;

    private final String key;

    /** Most definitions. */
    final int most;

    /** Longest name or definition, in characters. */
    final int mostCharacters;

    Kind(int record, String key, int most, int mostCharacters) {
      this.record = record;
      this.key = key;
      this.most = most;
      this.mostCharacters = mostCharacters;
    }

    private Declared none() {
      return new Declared(this, new TreeMap<>());
    }
  }

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
    if (name.length() > kind.mostCharacters || definition.length() > kind.mostCharacters) {
      throw new IllegalArgumentException(
          "a definition of more than " + kind.mostCharacters + " characters");
    }
    TreeMap<String, String> next = new TreeMap<>(definitions);
    next.put(name, definition);
    if (next.size() > kind.most) {
      throw new IllegalArgumentException("more than " + kind.most + " " + kind.key);
    }
    return new Declared(kind, next);
  }

  /** These without the one of a name. */
  Declared without(String name) {
    TreeMap<String, String> next = new TreeMap<>(definitions);
    next.remove(name);
    return new Declared(kind, next);
  }

  /**
   * Checks that this version knows all that the log may hold from here on.
   *
   * @throws UnknownLevelException if it does not
   */
  void checkLevel() {
    if (kind == Kind.SHARED) {
      FeatureLevel.check(definitions);
    }
  }

  void encode(ByteWriter out) {
    out.varint(definitions.size());
    for (Map.Entry<String, String> entry : definitions.entrySet()) {
      out.string(entry.getKey());
      out.string(entry.getValue());
    }
  }

  static Declared decode(Kind kind, ByteReader in) {
    int count = in.count(kind.most);
    TreeMap<String, String> definitions = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      String name = in.string();
      definitions.put(name, in.string());
    }
    if (definitions.size() != count) {
      throw in.corrupt("two " + kind.key + " of one name");
    }
    return new Declared(kind, definitions);
  }

  private static Declared of(Kind kind, ManifestState state) {
    String text = state.watermarks().get(kind.key);
    if (text == null) {
      return kind.none();
    }
    try {
      return decode(kind, new ByteReader(HexFormat.of().parseHex(text), "watermark " + kind.key));
    } catch (IllegalArgumentException e) {
      throw new CorruptDataException("MANIFEST", -1, "watermark " + kind.key + " is " + text);
    }
  }

  /** Lets an edit say so. */
  void into(ManifestEdit edit) {
    ByteWriter out = new ByteWriter(64);
    encode(out);
    edit.watermark(
        kind.key, definitions.isEmpty() ? null : HexFormat.of().formatHex(out.toByteArray()));
  }

  /** What is declared of each kind. */
  record All(Declared aggregates, Declared shared) {
    /** What a manifest says. */
    static All of(ManifestState state) {
      All all = new All(Declared.of(Kind.AGGREGATES, state), Declared.of(Kind.SHARED, state));
      all.shared.checkLevel();
      return all;
    }

    /** Those of a kind. */
    Declared of(Kind kind) {
      return switch (kind) {
        case AGGREGATES -> aggregates;
        case SHARED -> shared;
      };
    }

    /** The same with others of a kind. */
    All with(Declared other) {
      return switch (other.kind) {
        case AGGREGATES -> new All(other, shared);
        case SHARED -> new All(aggregates, other);
      };
    }
  }
}
