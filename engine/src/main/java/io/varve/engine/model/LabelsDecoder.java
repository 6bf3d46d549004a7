package io.varve.engine.model;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Decodes the canonical bytes of one label set after the other ({@link Labels}). Names and values
 * that it has met before are the same objects: the series that a query finds share most of theirs,
 * and those that follow each other differ in one or two labels, whose neighbours are not even
 * decoded. One thread.
 */
public final class LabelsDecoder {
  /** Objects, array headers and the slots of a map, about. */
  private static final int SET_BYTES = 40;

  private static final int LABEL_BYTES = 8;
  private static final int TEXT_BYTES = 96;

  private final Map<String, String> texts = new HashMap<>();
  private final ByteReader in = new ByteReader();
  private byte[] before = new byte[0]; // the label set before
  private int[] ends = new int[16]; // where its labels end there
  private String[] pairs = new String[32];
  private int known; // how many labels it has
  private int[] nextEnds = new int[16];
  private String[] nextPairs = new String[32];
  private long bytes;

  /** A decoder that has met nothing. */
  public LabelsDecoder() {}

  /** Takes names and values of a label set that somebody holds already as met. */
  public void meet(Labels labels) {
    for (int i = 0; i < labels.size(); i++) {
      texts.putIfAbsent(labels.name(i), labels.name(i));
      texts.putIfAbsent(labels.value(i), labels.value(i));
    }
  }

  /** Memory that the label sets decoded so far take together, about. */
  public long bytes() {
    return bytes;
  }

  /**
   * Decodes a label set; the bytes are trusted to be canonical, but never read out of bounds.
   *
   * @throws CorruptDataException if they are no label set
   */
  public Labels decode(byte[] source, int offset, int length) {
    in.on(source, offset, length, "label set", 0);
    int count = 0;
    while (!in.atEnd()) {
      if (count == nextEnds.length) {
        nextEnds = Arrays.copyOf(nextEnds, 2 * count);
        nextPairs = Arrays.copyOf(nextPairs, 4 * count);
      }
      label(source, count);
      nextEnds[count++] = in.position() - offset;
    }
    keep(source, offset, length, count);
    bytes += SET_BYTES + (long) LABEL_BYTES * count;
    return Labels.ofPairs(Arrays.copyOf(pairs, 2 * count));
  }

  /** Decodes a label to the place {@code at}, or takes it over from the label set before. */
  private void label(byte[] source, int at) {
    int from = in.position();
    Labels.expect(in, 0x0A);
    int end = in.count(in.remaining()) + in.position();
    if (at < known && isLabelBefore(at, source, from, end)) {
      nextPairs[2 * at] = pairs[2 * at];
      nextPairs[2 * at + 1] = pairs[2 * at + 1];
      in.skip(end - in.position());
      return;
    }
    Labels.expect(in, 0x0A);
    nextPairs[2 * at] = shared(in.string());
    Labels.expect(in, 0x12);
    nextPairs[2 * at + 1] = shared(in.string());
    if (in.position() != end) {
      throw in.corrupt("label ends at " + in.position() + ", not at " + end);
    }
  }

  private boolean isLabelBefore(int at, byte[] source, int from, int to) {
    int start = at == 0 ? 0 : ends[at - 1];
    return Arrays.equals(before, start, ends[at], source, from, to);
  }

  private String shared(String text) {
    String first = texts.putIfAbsent(text, text);
    if (first != null) {
      return first;
    }
    bytes += TEXT_BYTES + text.length();
    return text;
  }

  private void keep(byte[] source, int offset, int length, int count) {
    if (before.length < length) {
      before = new byte[Math.max(length, 2 * before.length)];
    }
    System.arraycopy(source, offset, before, 0, length);
    int[] spareEnds = ends;
    ends = nextEnds;
    nextEnds = spareEnds;
    String[] sparePairs = pairs;
    pairs = nextPairs;
    nextPairs = sparePairs;
    if (nextEnds.length < ends.length) {
      nextEnds = new int[ends.length];
      nextPairs = new String[pairs.length];
    }
    known = count;
  }
}
