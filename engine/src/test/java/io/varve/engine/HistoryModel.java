package io.varve.engine;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * What a store must show, kept as simply as can be: every write, correction and delete ever made in
 * order, and an answer by looking at all of them.
 */
final class HistoryModel {
  /** A sample as it was written. */
  private record Version(long number, long bits, boolean correction) {}

  /** A delete. */
  record Gone(long number, long id, Matcher matcher, TimeRange range) {}

  /** Of what was written before a moment, everything up to a time may go, or not yet. */
  private record Aged(long number, long horizon) {}

  /** The id of a delete of which it is not known yet. */
  static final long UNKNOWN = -1;

  private final DuplicatePolicy policy;
  private final TreeMap<Labels, TreeMap<Long, List<Version>>> all = new TreeMap<>();
  private final List<Gone> deletes = new ArrayList<>();
  private final Set<Long> undone = new HashSet<>();

  /** Of each series what the clock has made too old, and when. */
  private final TreeMap<Labels, List<Aged>> aged = new TreeMap<>();

  private long number;

  HistoryModel(DuplicatePolicy policy) {
    this.policy = policy;
  }

  /** A copy that goes its own way. */
  HistoryModel copy() {
    HistoryModel copy = new HistoryModel(policy);
    all.forEach(
        (labels, samples) -> {
          TreeMap<Long, List<Version>> times = new TreeMap<>();
          samples.forEach((time, versions) -> times.put(time, new ArrayList<>(versions)));
          copy.all.put(labels, times);
        });
    copy.deletes.addAll(deletes);
    copy.undone.addAll(undone);
    aged.forEach((labels, list) -> copy.aged.put(labels, new ArrayList<>(list)));
    copy.number = number;
    return copy;
  }

  void write(Labels labels, long time, long bits, boolean correction) {
    all.computeIfAbsent(labels, key -> new TreeMap<>())
        .computeIfAbsent(time, key -> new ArrayList<>())
        .add(new Version(++number, bits, correction));
  }

  void delete(long id, Matcher matcher, TimeRange range) {
    deletes.add(new Gone(++number, id, matcher, range));
  }

  /** How many samples were written and have not gone by age. */
  int size() {
    return all.values().stream()
        .mapToInt(samples -> samples.values().stream().mapToInt(List::size).sum())
        .sum();
  }

  /** The ids of all deletes. */
  List<Long> ids() {
    return deletes.stream().map(Gone::id).toList();
  }

  /** The delete whose id was not known has this one, unless that is another's. */
  void known(long id) {
    if (deletes.stream().noneMatch(gone -> gone.id == id)) {
      deletes.replaceAll(
          gone -> gone.id == UNKNOWN ? new Gone(gone.number, id, gone.matcher, gone.range) : gone);
    }
  }

  void undelete(long id) {
    undone.add(id);
  }

  /** Everything goes that is not behind the horizon of its series; it does not come back. */
  void expire(ToLongFunction<Labels> horizons) {
    all.forEach((labels, samples) -> samples.headMap(horizons.applyAsLong(labels), true).clear());
    all.values().removeIf(TreeMap::isEmpty);
  }

  /** What is not behind the horizon of its series by now may go at any time from now on. */
  void age(ToLongFunction<Labels> horizons) {
    number++;
    for (Labels labels : all.keySet()) {
      long horizon = horizons.applyAsLong(labels);
      List<Aged> list = aged.computeIfAbsent(labels, key -> new ArrayList<>());
      list.removeIf(before -> before.horizon <= horizon);
      list.add(new Aged(number, horizon));
    }
  }

  /** Forgets what went because of its age, judged by what was found. */
  void settle(Map<Labels, TreeMap<Long, Long>> found) {
    all.forEach(
        (labels, samples) -> {
          TreeMap<Long, Long> there = found.getOrDefault(labels, new TreeMap<>());
          for (Aged age : aged.getOrDefault(labels, List.of())) {
            samples
                .headMap(age.horizon, true)
                .forEach(
                    (time, versions) -> {
                      if (!Objects.equals(visible(labels, time, versions), there.get(time))) {
                        versions.removeIf(version -> version.number < age.number);
                      }
                    });
          }
        });
  }

  /** The samples that are visible, without series that have none. */
  Map<Labels, TreeMap<Long, Long>> visible(TimeRange range) {
    TreeMap<Labels, TreeMap<Long, Long>> found = new TreeMap<>();
    all.forEach(
        (labels, samples) -> {
          TreeMap<Long, Long> times = new TreeMap<>();
          Map<Long, List<Version>> part =
              range.equals(TimeRange.ALL)
                  ? samples
                  : samples.subMap(range.startExclusive(), false, range.endInclusive(), true);
          part.forEach(
              (time, versions) -> {
                Long bits = visible(labels, time, versions);
                if (bits != null) {
                  times.put(time, bits);
                }
              });
          if (!times.isEmpty()) {
            found.put(labels, times);
          }
        });
    return found;
  }

  /** The sample that is visible at a time, null if there is none. */
  @org.jspecify.annotations.Nullable
  Long at(Labels labels, long time) {
    List<Version> versions = all.getOrDefault(labels, new TreeMap<>()).get(time);
    return versions == null ? null : visible(labels, time, versions);
  }

  private @org.jspecify.annotations.Nullable Long visible(
      Labels labels, long time, List<Version> versions) {
    Long bits = null;
    for (Version version : versions) {
      if (isGone(labels, time, version)) {
        continue;
      }
      bits = bits == null || version.correction ? (Long) version.bits : winner(bits, version.bits);
    }
    return bits;
  }

  private boolean isGone(Labels labels, long time, Version version) {
    for (Gone gone : deletes) {
      if (gone.number > version.number
          && !undone.contains(gone.id)
          && gone.range.contains(time)
          && gone.matcher.matches(labels.get(gone.matcher.name()))) {
        return true;
      }
    }
    return false;
  }

  private long winner(long before, long later) {
    return switch (policy) {
      case LAST -> later;
      case REJECT -> before;
      case MAX -> {
        double a = Double.longBitsToDouble(before);
        double b = Double.longBitsToDouble(later);
        yield Double.isNaN(a) || b > a ? later : before;
      }
    };
  }
}
