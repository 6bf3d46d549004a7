package io.varve.engine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.Matcher;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which series matchers select, with their labels: dashboards and rules ask for the same
 * ones all the time, over windows whose indexes are immutable and a head that knows most series
 * already. What it tells is the same as what the indexes would tell. Thread-safe.
 */
final class SelectionCache {
  /** One selection may take this part of it all. */
  private static final int LARGEST_SHARE = 4;

  private final long maxBytes;
  private final @Nullable Cache<Key, JoinedSeries> known;
  final LongAdder hits = new LongAdder();
  final LongAdder misses = new LongAdder();

  /**
   * An empty one.
   *
   * @param maxBytes memory that it may take, about; 0 to remember nothing
   */
  SelectionCache(long maxBytes) {
    this.maxBytes = maxBytes;
    this.known =
        maxBytes == 0
            ? null
            : Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher(
                    (Key key, JoinedSeries found) ->
                        (int) Math.min(Integer.MAX_VALUE, found.bytes()))
                .executor(Runnable::run) // what is too much goes before the query goes on
                .build();
  }

  /** What is asked of which indexes. */
  static final class Key {
    private final String tenant;
    private final List<Matcher> matchers;
    private final long[] indexes; // segments by serial number, then tables by generation
    private final int hash;

    private Key(String tenant, List<Matcher> matchers, long[] indexes) {
      this.tenant = tenant;
      this.matchers = matchers;
      this.indexes = indexes;
      this.hash = (tenant.hashCode() * 31 + matchers.hashCode()) * 31 + Arrays.hashCode(indexes);
    }

    /** The key of a question to these windows and head tables. */
    static Key of(
        String tenant, List<Matcher> matchers, List<WindowView> windows, List<HeadOverlap> heads) {
      int segments = 0;
      for (int i = 0; i < windows.size(); i++) {
        segments += 1 + windows.get(i).index().size();
      }
      long[] indexes = new long[segments + heads.size()];
      int at = 0;
      for (int i = 0; i < windows.size(); i++) {
        List<Shared<WindowView.IndexResource>> index = windows.get(i).index();
        for (int s = 0; s < index.size(); s++) {
          IndexSegment segment = index.get(s).get().segment();
          indexes[at++] = segment.serial();
        }
        indexes[at++] = 0; // where a window ends
      }
      for (int i = 0; i < heads.size(); i++) {
        indexes[at++] = -1L - heads.get(i).table().generation();
      }
      return new Key(tenant, List.copyOf(matchers), indexes);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key k
          && k.hash == hash
          && Arrays.equals(k.indexes, indexes)
          && k.matchers.equals(matchers)
          && k.tenant.equals(tenant);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  /** False if nothing is ever remembered. */
  boolean isOn() {
    return known != null;
  }

  /** What is known, or null; head tables may have grown since. */
  @Nullable JoinedSeries find(Key key) {
    return known == null ? null : known.getIfPresent(key);
  }

  void remember(Key key, JoinedSeries found) {
    if (known != null && found.bytes() <= maxBytes / LARGEST_SHARE) {
      known.put(key, found);
    }
  }

  /** Memory that it takes, about. */
  long bytes() {
    return known == null
        ? 0
        : known.policy().eviction().map(e -> e.weightedSize().orElse(0)).orElse(0L);
  }
}
