package io.varve.engine;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a store must show, kept as simply as can be: every write, correction and delete ever made in
 * order, and an answer by looking at all of them.
 */
final class HistoryModel {
  /** A sample as it was written. */
  private record Version(long number, long bits, boolean correction) {}

  /** A delete. */
  record Gone(long number, long id, Matcher matcher, TimeRange range) {}

  /** The id of a delete of which it is not known yet. */
  static final long UNKNOWN = -1;

  private final DuplicatePolicy policy;
  private final TreeMap<Labels, TreeMap<Long, List<Version>>> all = new TreeMap<>();
  private final List<Gone> deletes = new ArrayList<>();
  private final Set<Long> undone = new HashSet<>();
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
