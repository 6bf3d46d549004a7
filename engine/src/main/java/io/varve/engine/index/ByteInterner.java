package io.varve.engine.index;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Gives distinct byte strings numbers from 0 in the order in which they come, and keeps one copy of
 * each. Not thread-safe.
 */
final class ByteInterner implements WordSort.Text {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SORT_WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private byte[] bytes = new byte[64];
  private int[] ends = new int[8];
  private int[] hashes = new int[8];
  private int[] table = new int[16]; // number + 1, 0 = free
  private int size;
  private int last = -1; // what came last: runs of equal strings are the rule

  /** How many distinct strings. */
  int size() {
    return size;
  }

  /** The array that holds all strings. */
  byte[] bytes() {
    return bytes;
  }

  /** Where a string begins. */
  int start(int number) {
    return number == 0 ? 0 : ends[number - 1];
  }

  /** Where it ends. */
  int end(int number) {
    return ends[number];
  }

  /** A copy of a string. */
  byte[] get(int number) {
    return Arrays.copyOfRange(bytes, start(number), end(number));
  }

  /** True if this is the string of that number. */
  boolean is(int number, byte[] source, int from, int to) {
    return Arrays.equals(bytes, start(number), end(number), source, from, to);
  }

  /** The number of a string, a new one if it is new. */
  int intern(byte[] source, int from, int to) {
    if (last >= 0 && is(last, source, from, to)) {
      return last;
    }
    int hash = hash(0, source, from, to);
    int mask = table.length - 1;
    int at = hash & mask;
    while (table[at] != 0) {
      int number = table[at] - 1;
      if (hashes[number] == hash && is(number, source, from, to)) {
        last = number;
        return number;
      }
      at = (at + 1) & mask;
    }
    table[at] = size + 1;
    last = add(hash, source, from, to);
    return last;
  }

  private int add(int hash, byte[] source, int from, int to) {
    int start = size == 0 ? 0 : ends[size - 1];
    int end = Math.addExact(start, to - from);
    if (end > bytes.length) {
      bytes = Arrays.copyOf(bytes, grown(bytes.length, end));
    }
    System.arraycopy(source, from, bytes, start, to - from);
    if (size == ends.length) {
      ends = Arrays.copyOf(ends, size * 2);
      hashes = Arrays.copyOf(hashes, size * 2);
    }
    ends[size] = end;
    hashes[size] = hash;
    size++;
    if (size * 3L > table.length * 2L) {
      rehash();
    }
    return size - 1;
  }

  private void rehash() {
    int[] larger = new int[table.length * 2];
    int mask = larger.length - 1;
    for (int number = 0; number < size; number++) {
      int at = hashes[number] & mask;
      while (larger[at] != 0) {
        at = (at + 1) & mask;
      }
      larger[at] = number + 1;
    }
    table = larger;
  }

  private static int grown(int length, int needed) {
    return (int) Math.max(needed, Math.min(length * 2L, Integer.MAX_VALUE - 16));
  }

  /** The numbers of all strings in ascending order of their unsigned bytes. */
  int[] sorted() {
    int[] order = new int[size];
    long[] words = new long[size];
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    WordSort.sort(order, words, 0, size, 0, this);
    return order;
  }

  /** For each number its place in {@link #sorted}. */
  static int[] ranks(int[] sorted) {
    int[] rank = new int[sorted.length];
    for (int place = 0; place < sorted.length; place++) {
      rank[sorted[place]] = place;
    }
    return rank;
  }

  @Override
  public int length(int number) {
    return end(number) - start(number);
  }

  @Override
  public long word(int number, int at) {
    return word(bytes, start(number), end(number), at);
  }

  @Override
  public int compare(int a, int b, int at) {
    return compare(bytes, start(a), end(a), bytes, start(b), end(b), at);
  }

  /** Compares two strings as {@link WordSort.Text#compare} wants it. */
  static int compare(byte[] a, int aStart, int aEnd, byte[] b, int bStart, int bEnd, int at) {
    int c =
        Arrays.compareUnsigned(
            a, Math.min(aStart + at, aEnd), aEnd, b, Math.min(bStart + at, bEnd), bEnd);
    return c != 0 ? c : Integer.compare(aEnd - aStart, bEnd - bStart);
  }

  /** Eight bytes from {@code start + at}, first byte highest, zeros after {@code end}. */
  static long word(byte[] bytes, int start, int end, int at) {
    int from = start + at;
    if (from >= end || from < start) {
      return 0;
    }
    if (from + 8 <= bytes.length) {
      long word = (long) SORT_WORD.get(bytes, from);
      int beyond = from + 8 - end;
      return beyond <= 0 ? word : word & (-1L << (8 * beyond));
    }
    long word = 0;
    for (int i = 0; i < 8; i++) {
      word = word << 8 | (from + i < end ? bytes[from + i] & 0xFF : 0);
    }
    return word;
  }

  /** A hash of some bytes; not stable between versions, in no file. */
  static int hash(int seed, byte[] bytes, int from, int to) {
    long h = seed * 0x9E3779B97F4A7C15L + (to - from);
    int at = from;
    for (; at + 8 <= to; at += 8) {
      h = (h ^ (long) LONG.get(bytes, at)) * 0xD6E8FEB86659FD93L;
      h ^= h >>> 32;
    }
    long tail = 0;
    for (int shift = 0; at < to; at++, shift += 8) {
      tail |= (bytes[at] & 0xFFL) << shift;
    }
    h = (h ^ tail) * 0xD6E8FEB86659FD93L;
    h ^= h >>> 32;
    h *= 0xD6E8FEB86659FD93L;
    return (int) (h >>> 32);
  }
}
