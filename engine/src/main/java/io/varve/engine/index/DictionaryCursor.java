package io.varve.engine.index;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads values of one label name out of its front-coded dictionary. One thread at a time. */
final class DictionaryCursor {
  private final SegmentTerms.Name name;
  private final MappedPages pages;
  private final MappedReader block;
  private int at = -1; // number of the current value
  private byte[] bytes = new byte[64];
  private int length;

  DictionaryCursor(MappedPages pages, SegmentTerms.Name name) {
    this.pages = pages;
    this.name = name;
    this.block = new MappedReader(pages);
  }

  /** The array that holds the current value from its first byte on; replaced when it grows. */
  byte[] bytes() {
    return bytes;
  }

  /** Length of the current value. */
  int length() {
    return length;
  }

  /** The current value as text. */
  String text() {
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  /** Moves to a value by its number. */
  void seek(int value) {
    if (value < 0 || value >= name.values) {
      throw pages.corrupt(
          name.blocks, "value " + value + " of " + name.values + " of label " + name.text);
    }
    if (value != at) {
      boolean onward = at >= 0 && value > at && blockOf(value) == blockOf(at);
      if (!onward) {
        enter(blockOf(value));
      }
      while (at < value) {
        step();
      }
    }
  }

  private static int blockOf(int value) {
    return value / SegmentFormat.BLOCK_VALUES;
  }

  private void enter(int number) {
    long from = name.dictionaryOffset(pages, number);
    long to = name.dictionaryOffset(pages, number + 1);
    block.on(name.dictionary + from, to - from);
    at = number * SegmentFormat.BLOCK_VALUES - 1;
    length = 0;
  }

  private void step() {
    int shared = block.count(length);
    int more = block.count(block.remaining());
    if (shared + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(shared + more, bytes.length * 2));
    }
    block.copy(bytes, shared, more);
    length = shared + more;
    at++;
  }

  /** The number of the first value that is not below a key; how many values if all are. */
  int ceiling(byte[] key) {
    int low = 0; // the first block that may begin above the key
    int high = SegmentFormat.blocks(name.values);
    while (low < high) {
      int middle = (low + high) >>> 1;
      seek(middle * SegmentFormat.BLOCK_VALUES);
      if (compare(key) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0) {
      return 0;
    }
    int value = (low - 1) * SegmentFormat.BLOCK_VALUES;
    int end = Math.min(name.values, value + SegmentFormat.BLOCK_VALUES);
    while (value < end) {
      seek(value);
      if (compare(key) >= 0) {
        break;
      }
      value++;
    }
    return value;
  }

  /** The number of a value, −1 if it is not in the dictionary. */
  int find(byte[] key) {
    int value = ceiling(key);
    if (value == name.values) {
      return -1;
    }
    seek(value);
    return compare(key) == 0 ? value : -1;
  }

  /** True if the current value begins with a prefix. */
  boolean startsWith(byte[] prefix) {
    return length >= prefix.length
        && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
  }

  private int compare(byte[] key) {
    return Arrays.compareUnsigned(bytes, 0, length, key, 0, key.length);
  }
}
