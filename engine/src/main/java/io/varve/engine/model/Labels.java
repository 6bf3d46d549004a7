package io.varve.engine.model;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * The label set that names a series: immutable, sorted by the UTF-8 bytes of the names, each name
 * once, no empty value (a missing label and an empty one are the same, as in Prometheus).
 *
 * <p><b>Canonical bytes.</b> The engine keeps label sets in the encoding in which remote write
 * carries them: for every label in order the protobuf field {@code 0A len (0A nameLen name 12
 * valueLen value)}, all lengths varints. So the bytes of a well-behaved sender on the wire are
 * already canonical, and a known series is recognised by comparing bytes.
 */
public final class Labels implements Comparable<Labels> {
  /** The label that holds the metric's name. */
  public static final String METRIC_NAME = "__name__";

  /** The label set without labels. */
  public static final Labels EMPTY = new Labels(new String[0]);

  private final String[] pairs; // name, value, name, value …
  private int hash;

  private Labels(String[] pairs) {
    this.pairs = pairs;
  }

  /**
   * Labels from names and values in turn, in any order. Empty values are dropped.
   *
   * @throws IllegalArgumentException if a name is empty or comes twice, or a value is missing
   */
  public static Labels of(String... namesAndValues) {
    Builder builder = new Builder();
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException("a label name without a value");
    }
    for (int i = 0; i < namesAndValues.length; i += 2) {
      builder.add(namesAndValues[i], namesAndValues[i + 1]);
    }
    return builder.build();
  }

  /** Labels of names and values in turn, in order; the array is the label set's from now on. */
  static Labels ofPairs(String[] pairs) {
    return pairs.length == 0 ? EMPTY : new Labels(pairs);
  }

  /** Decodes canonical bytes; they are trusted to be canonical, but never read out of bounds. */
  public static Labels fromCanonical(byte[] bytes, int offset, int length) {
    ByteReader in = new ByteReader().on(bytes, offset, length, "label set", 0);
    ArrayList<String> pairs = new ArrayList<>();
    while (!in.atEnd()) {
      expect(in, 0x0A);
      int end = in.count(in.remaining()) + in.position();
      expect(in, 0x0A);
      pairs.add(in.string());
      expect(in, 0x12);
      pairs.add(in.string());
      if (in.position() != end) {
        throw in.corrupt("label ends at " + in.position() + ", not at " + end);
      }
    }
    return new Labels(pairs.toArray(new String[0]));
  }

  static void expect(ByteReader in, int tag) {
    int found = in.u8();
    if (found != tag) {
      throw new CorruptDataException(
          "label set", in.position() - 1L, "tag " + found + " in place of " + tag);
    }
  }

  /** Number of labels. */
  public int size() {
    return pairs.length / 2;
  }

  /** Name of the i-th label. */
  public String name(int i) {
    return pairs[2 * i];
  }

  /** Value of the i-th label. */
  public String value(int i) {
    return pairs[2 * i + 1];
  }

  /** The value of a label, "" if it is not there. */
  public String get(String name) {
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i].equals(name)) {
        return pairs[i + 1];
      }
    }
    return "";
  }

  /** True if the label is there. */
  public boolean has(String name) {
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i].equals(name)) {
        return true;
      }
    }
    return false;
  }

  /** The canonical bytes. */
  public byte[] canonical() {
    ByteWriter out = new ByteWriter(32 * pairs.length);
    writeCanonical(out);
    return out.toByteArray();
  }

  /** Appends the canonical bytes. */
  public void writeCanonical(ByteWriter out) {
    for (int i = 0; i < pairs.length; i += 2) {
      byte[] name = pairs[i].getBytes(StandardCharsets.UTF_8);
      byte[] value = pairs[i + 1].getBytes(StandardCharsets.UTF_8);
      out.u8(0x0A);
      out.varint(
          2L + varintLength(name.length) + name.length + varintLength(value.length) + value.length);
      out.u8(0x0A);
      out.varint(name.length);
      out.bytes(name);
      out.u8(0x12);
      out.varint(value.length);
      out.bytes(value);
    }
  }

  private static int varintLength(int value) {
    return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
  }

  /** These, and those of others whose names are not among these. */
  public Labels withMissing(Labels others) {
    Builder all = new Builder(this);
    for (int i = 0; i < others.size(); i++) {
      if (!has(others.name(i))) {
        all.add(others.name(i), others.value(i));
      }
    }
    return others.size() == 0 ? this : all.build();
  }

  /** These labels without one of them. */
  public Labels without(String name) {
    return has(name) ? new Builder(this).remove(name).build() : this;
  }

  /** The labels whose names pass; these labels themselves if all do. */
  public Labels filter(Predicate<String> names) {
    String[] kept = new String[pairs.length];
    int size = 0;
    for (int i = 0; i < pairs.length; i += 2) {
      if (names.test(pairs[i])) {
        kept[size++] = pairs[i];
        kept[size++] = pairs[i + 1];
      }
    }
    if (size == pairs.length) {
      return this;
    }
    return size == 0 ? EMPTY : new Labels(Arrays.copyOf(kept, size));
  }

  /** Order of Prometheus' labels.Compare: pair by pair, name before value, by UTF-8 bytes. */
  @Override
  public int compareTo(Labels other) {
    int n = Math.min(pairs.length, other.pairs.length);
    for (int i = 0; i < n; i++) {
      int c = compareUtf8(pairs[i], other.pairs[i]);
      if (c != 0) {
        return c;
      }
    }
    return Integer.compare(pairs.length, other.pairs.length);
  }

  /**
   * Compares two strings as their UTF-8 bytes compare, which is by code point; {@code
   * String.compareTo} compares UTF-16 units and differs above U+FFFF.
   */
  @SuppressWarnings("ReferenceEquality") // the texts of many label sets are mostly the same objects
  public static int compareUtf8(String a, String b) {
    if (a == b) {
      return 0;
    }
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        boolean sx = Character.isSurrogate(x);
        boolean sy = Character.isSurrogate(y);
        // A surrogate stands for a code point above every other char.
        return sx == sy ? Character.compare(x, y) : sx ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Labels that && Arrays.equals(pairs, that.pairs);
  }

  @Override
  public int hashCode() {
    int h = hash;
    if (h == 0) {
      h = Arrays.hashCode(pairs);
      hash = h;
    }
    return h;
  }

  /** As Prometheus prints it: {@code metric{a="b"}} is {@code {__name__="metric", a="b"}}. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder("{");
    for (int i = 0; i < pairs.length; i += 2) {
      if (i > 0) {
        out.append(", ");
      }
      out.append(pairs[i]).append("=\"");
      String value = pairs[i + 1];
      for (int k = 0; k < value.length(); k++) {
        char c = value.charAt(k);
        switch (c) {
          case '"' -> out.append("\\\"");
          case '\\' -> out.append("\\\\");
          case '\n' -> out.append("\\n");
          default -> out.append(c);
        }
      }
      out.append('"');
    }
    return out.append('}').toString();
  }

  /** Collects labels in any order; {@link #build} sorts them. */
  public static final class Builder {
    private final List<String[]> labels = new ArrayList<>();

    /** An empty builder. */
    public Builder() {}

    /** A builder that starts with these labels. */
    public Builder(Labels start) {
      for (int i = 0; i < start.size(); i++) {
        labels.add(new String[] {start.name(i), start.value(i)});
      }
    }

    /** Adds a label; {@link #build} refuses a name that was added twice. */
    public Builder add(String name, String value) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("a label with an empty name");
      }
      labels.add(new String[] {name, value});
      return this;
    }

    /** Sets a label, in place of the one of that name if there is one; "" removes it. */
    public Builder set(String name, String value) {
      remove(name);
      return value.isEmpty() ? this : add(name, value);
    }

    /** Removes a label if it is there. */
    public Builder remove(String name) {
      labels.removeIf(pair -> pair[0].equals(name));
      return this;
    }

    /** The label set. */
    public Labels build() {
      List<String[]> kept = new ArrayList<>(labels);
      kept.sort((a, b) -> compareUtf8(a[0], b[0]));
      for (int i = 1; i < kept.size(); i++) {
        if (kept.get(i)[0].equals(kept.get(i - 1)[0])) {
          throw new IllegalArgumentException("duplicated label " + kept.get(i)[0]);
        }
      }
      kept.removeIf(pair -> pair[1].isEmpty());
      String[] pairs = new String[2 * kept.size()];
      for (int i = 0; i < kept.size(); i++) {
        pairs[2 * i] = kept.get(i)[0];
        pairs[2 * i + 1] = kept.get(i)[1];
      }
      return pairs.length == 0 ? EMPTY : new Labels(pairs);
    }
  }
}
