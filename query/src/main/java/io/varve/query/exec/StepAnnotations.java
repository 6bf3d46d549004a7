package io.varve.query.exec;

import io.varve.query.promql.Expr;
import io.varve.query.promql.Position;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The annotations of successive steps of a range query, each with the steps that it is about, so
 * that those of any stretch of the steps are known. Where they point to is kept as a place in the
 * expression, not in its text, which may be spelt otherwise the next time. Immutable.
 *
 * @param first the first step, milliseconds
 * @param step distance
 * @param count how many
 * @param notes each text once
 */
public record StepAnnotations(long first, long step, int count, List<Note> notes) {
  private static final int NOTE_BYTES = 120;
  private static final int FORCED_BYTES = 120;

  /**
   * An annotation.
   *
   * @param text with its kind, without place
   * @param place of {@link Places}
   * @param steps those it is about
   * @param forced what is told besides, by step; null for most
   */
  public record Note(
      String text, int place, BitSet steps, @Nullable TreeMap<Integer, Forced> forced) {}

  /** Numbers the places of an expression in the order in which they are written. */
  public static final class Places {
    private final List<Position> positions = new ArrayList<>();

    /** Those of an expression. */
    public Places(Expr expr) {
      collect(expr);
    }

    private void collect(Expr expr) {
      positions.add(expr.position());
      expr.children().forEach(this::collect);
    }

    /** The number of a place; −1 if it is not one of the expression. */
    int number(Position position) {
      for (int i = 0; i < positions.size(); i++) {
        if (positions.get(i).start() == position.start()) {
          return i;
        }
      }
      return -1;
    }

    /** The place of a number. */
    Position position(int number) {
      return positions.get(number);
    }
  }

  /** Where and how much the counts of classic buckets had to be lifted. */
  record Forced(
      long minTime,
      long maxTime,
      double minBound,
      double maxBound,
      double maxDifference,
      long samples) {
    Forced and(Forced other) {
      return new Forced(
          Math.min(minTime, other.minTime),
          Math.max(maxTime, other.maxTime),
          Math.min(minBound, other.minBound),
          Math.max(maxBound, other.maxBound),
          Math.max(maxDifference, other.maxDifference),
          samples + other.samples);
    }
  }

  /** True if there is nothing to say. */
  public boolean isEmpty() {
    return notes.isEmpty();
  }

  /** Those of the steps between two of them, both included. */
  public StepAnnotations slice(long from, long to) {
    int begin = (int) ((from - first) / step);
    int end = (int) ((to - first) / step) + 1;
    if (begin == 0 && end == count) {
      return this;
    }
    List<Note> kept = new ArrayList<>();
    for (Note note : notes) {
      BitSet steps = note.steps.get(begin, end);
      if (!steps.isEmpty()) {
        kept.add(new Note(note.text, note.place, steps, moved(note.forced, begin, end, begin)));
      }
    }
    return new StepAnnotations(from, step, end - begin, kept);
  }

  private static @Nullable TreeMap<Integer, Forced> moved(
      @Nullable TreeMap<Integer, Forced> forced, int from, int to, int by) {
    if (forced == null) {
      return null;
    }
    TreeMap<Integer, Forced> result = new TreeMap<>();
    forced.subMap(from, to).forEach((at, value) -> result.put(at - by, value));
    return result;
  }

  /** Joins those of disjoint stretches, between the first step and the last one of all. */
  public static StepAnnotations join(List<StepAnnotations> pieces) {
    long from = Long.MAX_VALUE;
    long to = Long.MIN_VALUE;
    for (StepAnnotations piece : pieces) {
      from = Math.min(from, piece.first);
      to = Math.max(to, piece.first + (piece.count - 1) * piece.step);
    }
    long step = pieces.getFirst().step;
    Map<String, Note> joined = new HashMap<>();
    for (StepAnnotations piece : pieces) {
      int shift = (int) ((piece.first - from) / step);
      for (Note note : piece.notes) {
        Note into =
            joined.computeIfAbsent(
                note.text,
                text ->
                    new Note(
                        text,
                        note.place,
                        new BitSet(),
                        note.forced == null ? null : new TreeMap<>()));
        note.steps.stream().forEach(at -> into.steps.set(at + shift));
        if (into.forced != null && note.forced != null) {
          into.forced.putAll(moved(note.forced, 0, piece.count, -shift));
        }
        if (note.place < into.place) {
          joined.put(note.text, new Note(note.text, note.place, into.steps, into.forced));
        }
      }
    }
    return new StepAnnotations(
        from, step, (int) ((to - from) / step) + 1, List.copyOf(joined.values()));
  }

  /** Memory that it takes, roughly, in bytes. */
  public long bytes() {
    long bytes = 0;
    for (Note note : notes) {
      bytes += NOTE_BYTES + 2L * note.text.length() + note.steps.size() / 8;
      bytes += note.forced == null ? 0 : (long) FORCED_BYTES * note.forced.size();
    }
    return bytes;
  }
}
