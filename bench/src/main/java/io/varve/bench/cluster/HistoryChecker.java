package io.varve.bench.cluster;

import io.varve.bench.cluster.Operation.Found;
import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import io.varve.bench.cluster.Violation.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a history is one that a store may have which loses nothing. It knows of each sample
 * when it was first sent, when it was first acknowledged, and when a strong read first showed it;
 * with these three times every read is judged by itself:
 *
 * <ul>
 *   <li>no sample is found that was not sent before the read ended;
 *   <li>a strong read finds what was acknowledged, or shown by another strong read, before it
 *       began;
 *   <li>a fenced read finds what was acknowledged to the client of its fence up to the fence;
 *   <li>a bounded read finds what was acknowledged longer ago than the bound, unless the answer
 *       says that it may be incomplete;
 *   <li>after all is healed every node by itself has everything that was ever acknowledged, and all
 *       have the same.
 * </ul>
 *
 * <p>A write that was not acknowledged may be there, at any later time, or never. One thread.
 */
final class HistoryChecker {
  private static final long NEVER = Long.MAX_VALUE;
  private static final int MOST_TOLD_OF_A_KIND = 20;

  private final UniqueSamples samples;
  private final long boundNanos;
  private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
  private final List<Violation> told = new ArrayList<>();
  private final Times[] times;

  /**
   * A checker of one history.
   *
   * @param boundNanos a bounded read may miss what was acknowledged later than this before it
   */
  HistoryChecker(UniqueSamples samples, long boundNanos) {
    this.samples = samples;
    this.boundNanos = boundNanos;
    times = new Times[samples.series()];
    Arrays.setAll(times, series -> new Times());
  }

  /**
   * What was found wrong.
   *
   * @param counts how often, by kind; kinds that did not occur are left out
   * @param told the first of each kind
   */
  record Verdict(Map<Kind, Integer> counts, List<Violation> told) {
    boolean passed() {
      return counts.isEmpty();
    }
  }

  /** By number of a sample of one series: when something happened first. */
  private static final class Times {
    private long[] sent = new long[0];
    private long[] acknowledged = new long[0];
    private long[] shown = new long[0];

    private void grow(int to) {
      int before = sent.length;
      if (to > before) {
        int size = Math.max(to, before * 2);
        sent = Arrays.copyOf(sent, size);
        acknowledged = Arrays.copyOf(acknowledged, size);
        shown = Arrays.copyOf(shown, size);
        Arrays.fill(sent, before, size, NEVER);
        Arrays.fill(acknowledged, before, size, NEVER);
        Arrays.fill(shown, before, size, NEVER);
      }
    }
  }

  Verdict check(List<Operation> operations) {
    for (Operation operation : operations) {
      switch (operation) {
        case Write write -> note(write);
        case Read read -> note(read);
      }
    }
    for (Operation operation : operations) {
      status(operation);
      if (operation instanceof Read read && read.done()) {
        judge(read);
      }
    }
    positions(operations);
    replicas(operations);
    return new Verdict(counts, told);
  }

  /** True if all nodes have the same, by reads of everything from each of them. */
  static boolean agree(UniqueSamples samples, List<? extends Operation> finalReads) {
    HistoryChecker checker = new HistoryChecker(samples, 0);
    checker.replicas(finalReads);
    return checker.counts.isEmpty();
  }

  private void note(Write write) {
    for (Run run : write.runs()) {
      Times series = times[run.series()];
      series.grow(run.to());
      for (int n = run.from(); n < run.to(); n++) {
        series.sent[n] = Math.min(series.sent[n], write.invoked());
        if (write.done()) {
          series.acknowledged[n] = Math.min(series.acknowledged[n], write.completed());
        }
      }
    }
  }

  private void note(Read read) {
    for (Found found : read.found()) {
      Run run = found.run();
      Times series = times[run.series()];
      series.grow(run.to());
      if (read.level() == ReadLevel.STRONG && read.done()) {
        for (int n = run.from(); n < run.to(); n++) {
          if (found.has(n)) {
            series.shown[n] = Math.min(series.shown[n], read.completed());
          }
        }
      }
    }
  }

  private void status(Operation operation) {
    boolean fine =
        switch (operation.status()) {
          case Operation.NO_ANSWER, 429, 502, 503, 504 -> true;
          default -> operation.done();
        };
    if (!fine) {
      add(Kind.ODD_STATUS, operation, "status " + operation.status());
    }
  }

  private void judge(Read read) {
    String strange = read.strange();
    if (strange != null) {
      add(Kind.WRONG, read, strange);
    }
    if (!read.complete() && read.level() != ReadLevel.BOUNDED) {
      add(Kind.INCOMPLETE, read, read.level() + " read");
    }
    for (Found found : read.found()) {
      Times series = times[found.run().series()];
      Missing invented = new Missing();
      Missing missed = new Missing();
      Missing vanished = new Missing();
      for (int n = found.run().from(); n < found.run().to(); n++) {
        if (found.has(n)) {
          if (series.sent[n] >= read.completed()) {
            invented.add(n);
          }
        } else if (owed(read, found.run().series(), series.acknowledged[n])) {
          missed.add(n);
        } else if (read.level() == ReadLevel.STRONG && series.shown[n] < read.invoked()) {
          vanished.add(n);
        }
      }
      invented.tell(Kind.INVENTED, read, found.run());
      missed.tell(missedBy(read.level()), read, found.run());
      vanished.tell(Kind.VANISHED, read, found.run());
    }
  }

  /** True if a read must find a sample that was acknowledged at a time. */
  private boolean owed(Read read, int series, long acknowledged) {
    return switch (read.level()) {
      case BOUNDED ->
          read.complete() && acknowledged != NEVER && acknowledged - read.invoked() < -boundNanos;
      case FENCED -> {
        Write fence = read.fence();
        yield fence != null
            && samples.owner(series) == fence.client()
            && acknowledged <= fence.completed();
      }
      case STRONG, FINAL -> acknowledged < read.invoked();
    };
  }

  private static Kind missedBy(ReadLevel level) {
    return switch (level) {
      case BOUNDED -> Kind.MISSED_BOUNDED;
      case FENCED -> Kind.MISSED_FENCED;
      case STRONG -> Kind.MISSED_STRONG;
      case FINAL -> Kind.LOST;
    };
  }

  /** Numbers of samples of one series. */
  private final class Missing {
    private int count;
    private int first;
    private int last;

    void add(int number) {
      first = count == 0 ? number : first;
      last = number;
      count++;
    }

    void tell(Kind kind, Read read, Run run) {
      if (count > 0) {
        HistoryChecker.this.add(
            kind,
            read,
            "%s read of series %d: %d samples, numbers %d to %d"
                .formatted(read.level(), run.series(), count, first, last));
      }
    }
  }

  /** What is acknowledged to a client one after the other has positions that do not fall. */
  private void positions(List<Operation> operations) {
    Map<Integer, Position> last = new HashMap<>();
    for (Operation operation : operations) {
      if (operation instanceof Write write && write.done()) {
        Position position = write.position();
        Position before = position == null ? null : last.put(write.client(), position);
        if (position != null && before != null && position.isBehind(before)) {
          add(Kind.WENT_BACK, write, position + " after " + before);
        }
      }
    }
  }

  /** After all is healed, what no one acknowledged is there on all nodes or on none. */
  private void replicas(List<? extends Operation> operations) {
    TreeMap<Integer, Final> nodes = new TreeMap<>();
    for (Operation operation : operations) {
      if (operation instanceof Read read && read.level() == ReadLevel.FINAL && read.done()) {
        nodes.computeIfAbsent(read.node(), n -> new Final(read, samples.series())).add(read);
      }
    }
    @Nullable Final first = nodes.isEmpty() ? null : nodes.firstEntry().getValue();
    for (Final other : nodes.values()) {
      for (int series = 0; first != null && series < samples.series(); series++) {
        BitSet differ = (BitSet) first.found[series].clone();
        differ.xor(other.found[series]);
        if (!differ.isEmpty()) {
          add(
              Kind.DIFFERENT,
              other.last,
              "series %d: %d samples, from number %d on, are on one of the nodes %d and %d only"
                  .formatted(
                      series,
                      differ.cardinality(),
                      differ.nextSetBit(0),
                      first.last.node() + 1,
                      other.last.node() + 1));
        }
      }
    }
  }

  /** What a node has in the end. */
  private static final class Final {
    private final BitSet[] found;
    private Read last;

    Final(Read read, int series) {
      last = read;
      found = new BitSet[series];
      Arrays.setAll(found, s -> new BitSet());
    }

    void add(Read read) {
      last = read;
      for (Found one : read.found()) {
        one.numbers().stream().forEach(n -> found[one.run().series()].set(one.run().from() + n));
      }
    }
  }

  private void add(Kind kind, Operation operation, String what) {
    if (counts.merge(kind, 1, Integer::sum) <= MOST_TOLD_OF_A_KIND) {
      told.add(new Violation(kind, operation, what));
    }
  }
}
