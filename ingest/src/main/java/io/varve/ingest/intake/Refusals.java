package io.varve.ingest.intake;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.function.ObjLongConsumer;

/**
 * What of one request was refused, and why: counts of everything, words for the first few. Not
 * thread-safe; reused.
 */
public final class Refusals {
  /** How many refusals are told in words. */
  public static final int MOST_TEXTS = 20;

  private final EnumMap<Reason, Count> counts = new EnumMap<>(Reason.class);
  private final List<String> texts = new ArrayList<>();
  private int untold;
  private long samples;

  private static final class Count {
    private long value;
  }

  /** Nothing refused yet. */
  public Refusals() {
    for (Reason reason : Reason.values()) {
      counts.put(reason, new Count());
    }
  }

  private void count(Reason reason, long howMany) {
    counts.computeIfAbsent(reason, r -> new Count()).value += howMany;
  }

  /** Forgets everything. */
  public void clear() {
    counts.values().forEach(count -> count.value = 0);
    texts.clear();
    untold = 0;
    samples = 0;
  }

  /** True if the next text would still be told: building one costs more than refusing. */
  public boolean wantsText() {
    return texts.size() < MOST_TEXTS;
  }

  /** Notes one reason for a 400 in words; pass "" when {@link #wantsText} says no. */
  public void tell(String text) {
    if (wantsText()) {
      texts.add(text);
    } else {
      untold++;
    }
  }

  /** Counts samples or histograms that are refused for a reason that was told. */
  public void countSamples(Reason reason, long howMany) {
    count(reason, howMany);
    samples += howMany;
  }

  /** Counts what is left out without changing the answer. */
  public void countSilently(Reason reason) {
    count(reason, 1);
  }

  /** Samples and histograms that were refused. */
  public long samples() {
    return samples;
  }

  /** True if the answer has to be a 400. */
  public boolean any() {
    return !texts.isEmpty();
  }

  /** The reasons in words, the last line counting those that were left out. */
  public List<String> texts() {
    List<String> all = new ArrayList<>(texts);
    if (untold > 0) {
      all.add("… and " + untold + " more problems");
    }
    return all;
  }

  /** Hands every count that is not 0 to {@code into}. */
  public void forEach(ObjLongConsumer<Reason> into) {
    counts.forEach(
        (reason, count) -> {
          if (count.value != 0) {
            into.accept(reason, count.value);
          }
        });
  }
}
