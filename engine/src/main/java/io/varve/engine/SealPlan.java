package io.varve.engine;

import io.varve.engine.head.Head;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What one window receives from a flush. One thread. */
final class SealPlan {
  final long start;
  final int buckets;
  final boolean isNew;

  /** Head ids of series with samples in order, in file order. */
  final Ids inOrder = new Ids();

  /** Head ids of series with late samples, in file order. */
  final Ids late = new Ids();

  /** Head ids of series with exemplars, ascending. */
  final Ids others = new Ids();

  final Map<Integer, List<Head.HeadExemplar>> exemplars = new TreeMap<>();

  /** By head id, {@link WindowIds#NONE}: not in this window. */
  int[] windowId = new int[0];

  /**
   * A plan for a window.
   *
   * @param start of the window
   * @param isNew true if the window has no files yet
   */
  SealPlan(long start, int buckets, boolean isNew) {
    this.start = start;
    this.buckets = buckets;
    this.isNew = isNew;
  }

  void add(Head.HeadExemplar exemplar) {
    exemplars.computeIfAbsent(exemplar.series(), id -> new ArrayList<>()).add(exemplar);
  }

  /** A growing list of ids. */
  static final class Ids {
    int[] items = new int[16];
    int size;

    void add(int item) {
      if (size == items.length) {
        items = Arrays.copyOf(items, size * 2);
      }
      items[size++] = item;
    }

    /** The ids, in an array of their own. */
    int[] toArray() {
      return Arrays.copyOf(items, size);
    }
  }
}
