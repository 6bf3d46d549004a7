package io.varve.engine.index;

import io.varve.engine.model.Matcher;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;
import org.roaringbitmap.buffer.ImmutableRoaringBitmap;
import org.roaringbitmap.buffer.MutableRoaringBitmap;

/**
 * The label names and values of one tenant's series, by number, and which series have them: what
 * {@link Selection} works on. Numbers mean something within one object only. Thread-safe.
 */
interface Terms {
  /** In place of a value's number: any value, that is, the label is there. */
  int ANY = -1;

  /** The lowest id, and a bound that is above all ids. */
  int firstId();

  /** A bound above all ids. */
  int endId();

  /** How many series. */
  int series();

  /** All series: a bitmap of the caller's. */
  MutableRoaringBitmap all();

  /** The number of a label name, −1 if no series has it. */
  int name(String name);

  /** How many values a label has. */
  int values(int name);

  /** The number of a value, −1 if no series has it. */
  int value(int name, String value);

  /** About how many series have a value, or {@link #ANY}. */
  int count(int name, int value);

  /** The series that have a value, or {@link #ANY}. */
  ImmutableRoaringBitmap postings(int name, int value);

  /**
   * Adds the series that have a value to a set.
   *
   * @param within only of these series, null for all; both forms hold the same ids
   */
  void collect(
      int name, int value, @Nullable ImmutableRoaringBitmap within, @Nullable IdSet fast, IdSet to);

  /**
   * The numbers of the values that a regular expression accepts, before negation; computed once and
   * remembered. Not to be changed.
   *
   * @param between run now and then while the expression is being tried
   */
  RoaringBitmap accepted(int name, Matcher matcher, Runnable between);

  /** After so many values that a regular expression was tried on, others have their turn. */
  int VALUES_AT_ONCE = 256;

  /** True if {@link #accepted} is known without a regular expression being run. */
  boolean knowsAccepted(int name, Matcher matcher);

  /** All numbers of a label's values: a bitmap of the caller's. */
  RoaringBitmap allValues(int name);

  /** The text of a value. */
  String text(int name, int value);

  /** A reader of single series, for one thread. */
  Probe probe();

  /** About what it costs to ask a probe, in nanoseconds. */
  int probeNanos();

  /** Reads labels of single series; ascending ids are cheapest. One thread. */
  interface Probe {
    /** The number of the value that a series has, −1 if it lacks the label. */
    int value(int id, int name);
  }
}
