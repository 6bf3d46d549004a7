package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * How long a policy keeps the samples of a window's series, found through the postings of the
 * window's index. Immutable.
 */
final class RetentionClasses {
  /** The class of a series whose index cannot be read. */
  static final int UNKNOWN = -1;

  private final RetentionPolicy policy;
  private final List<RetentionRule> rules; // strongest first
  private final long[] keeps; // longest first
  private final int[] classes; // by window id

  private RetentionClasses(RetentionPolicy policy, long resolutionMillis, int[] classes) {
    this.policy = policy;
    this.rules = policy.rules(resolutionMillis);
    this.keeps = policy.keeps(resolutionMillis);
    this.classes = classes;
  }

  /**
   * The classes of a window's series as to raw samples.
   *
   * @param damage is told of a segment that cannot be read
   */
  static RetentionClasses of(WindowView window, RetentionPolicy policy, DamageLog damage) {
    return of(window, policy, RetentionRule.RAW, damage);
  }

  /** The same as to samples of aggregates. */
  static RetentionClasses of(
      WindowView window, RetentionPolicy policy, long resolutionMillis, DamageLog damage) {
    int[] classes = new int[window.state().nextId()];
    Arrays.fill(classes, UNKNOWN);
    RetentionClasses found = new RetentionClasses(policy, resolutionMillis, classes);
    for (Shared<WindowView.IndexResource> resource : window.index()) {
      IndexSegment segment = resource.get().segment();
      try {
        found.fill(segment);
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
        Arrays.fill(classes, segment.firstId(), segment.firstId() + segment.count(), UNKNOWN);
      }
    }
    return found;
  }

  private void fill(IndexSegment segment) {
    int from = segment.firstId();
    int to = from + segment.count();
    Arrays.fill(classes, from, to, classOf(policy.defaultMillis()));
    if (keeps.length == 1) {
      return;
    }
    List<String> tenants = new ArrayList<>();
    segment.tenants(tenants::add);
    for (String tenant : tenants) {
      RoaringBitmap taken = new RoaringBitmap();
      for (RetentionRule rule : rules) {
        if (rule.tenant() != null && !rule.tenant().equals(tenant)) {
          continue;
        }
        RoaringBitmap found = segment.select(tenant, rule.matchers());
        found.andNot(taken);
        taken.or(found);
        int number = classOf(rule.keepMillis());
        found.forEach(
            (int id) -> {
              classes[id] = number;
            });
      }
    }
  }

  private int classOf(long keepMillis) {
    int number = 0;
    while (keeps[number] != keepMillis) {
      number++;
    }
    return number;
  }

  /** How many classes the policy has. */
  int count() {
    return keeps.length;
  }

  /** The class of what no rule speaks of. */
  int ofDefault() {
    return classOf(policy.defaultMillis());
  }

  /** The class of a series, 0 for those that are kept longest; {@link #UNKNOWN} after damage. */
  int of(int windowId) {
    return classes[windowId];
  }

  /** The name of a class, as files carry it. */
  String name(int number) {
    return policy.className(keeps[number]);
  }

  /** How long a class is kept. */
  long keepMillis(int number) {
    return keeps[number];
  }

  /** The series of which nothing is kept in a window that ends at some time. */
  RoaringBitmap goneAt(long windowEnd, Expiry expiry) {
    boolean[] gone = new boolean[keeps.length];
    for (int i = 0; i < gone.length; i++) {
      gone[i] = windowEnd <= expiry.horizon(keeps[i]);
    }
    RoaringBitmap ids = new RoaringBitmap();
    for (int id = 0; id < classes.length; id++) {
      if (classes[id] >= 0 && gone[classes[id]]) {
        ids.add(id);
      }
    }
    ids.runOptimize();
    return ids;
  }
}
