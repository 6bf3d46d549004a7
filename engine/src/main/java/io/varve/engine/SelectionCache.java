package io.varve.engine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.Matcher;
import java.time.Duration;
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
  private static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(15);

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
                        (int) Math.min(Integer.MAX_VALUE, key.bytes() + found.bytes()))
                .expireAfterAccess(FORGOTTEN_AFTER) // a flush or merge gives indexes other numbers
                .executor(Runnable::run) // what is too much goes before the query goes on
                .build();
  }

  /** What is asked of which indexes. Matchers are texts here: compiled ones take more memory. */
  static final class Key {
    private final String tenant;
    private final String[] matchers; // operator, name, value, in turn
    private final long[] indexes; // segments by serial number, then tables by generation
    private final int hash;

    private Key(String tenant, String[] matchers, long[] indexes) {
      this.tenant = tenant;
      this.matchers = matchers;
      this.indexes = indexes;
      this.hash =
          (tenant.hashCode() * 31 + Arrays.hashCode(matchers)) * 31 + Arrays.hashCode(indexes);
    }

    private static String[] texts(List<Matcher> matchers) {
      String[] texts = new String[3 * matchers.size()];
      for (int i = 0; i < matchers.size(); i++) {
        Matcher matcher = matchers.get(i);
        texts[3 * i] = matcher.type().operator();
        texts[3 * i + 1] = matcher.name();
        texts[3 * i + 2] = matcher.value();
      }
      return texts;
    }

    /** Memory that this takes, about. */
    long bytes() {
      long bytes = 200 + 8L * indexes.length;
      for (String text : matchers) {
        bytes += 60 + 2L * text.length();
      }
      return bytes;
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
      return new Key(tenant, texts(matchers), indexes);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key k
          && k.hash == hash
          && Arrays.equals(k.indexes, indexes)
          && Arrays.equals(k.matchers, matchers)
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

  /**
   * Remembers a selection in place of what is known. Of two threads that found new series in a head
   * the later one wins, even if it saw fewer: whoever asks next adds what is missing.
   */
  void remember(Key key, JoinedSeries found) {
    if (known == null) {
      return;
    }
    if (found.bytes() <= maxBytes / LARGEST_SHARE) {
      known.put(key, found);
    } else {
      known.invalidate(key); // what was smaller before is out of date
    }
  }

  /** Memory that it takes, about. */
  long bytes() {
    return known == null
        ? 0
        : known.policy().eviction().map(e -> e.weightedSize().orElse(0)).orElse(0L);
  }
}
