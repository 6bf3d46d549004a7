package io.varve.engine.model;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hasher128;
import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.charset.StandardCharsets;

/**
 * The 128-bit identity of a series: a hash of tenant and canonical label bytes under the store's
 * seed. Equal keys with other labels refuse the write when the series is created, so after that
 * equal keys mean the same series.
 *
 * @param high the upper 64 bits; the top 10 are the virtual shard
 * @param low the lower 64 bits
 */
public record SeriesKey(long high, long low) {
  /** Bits of a virtual shard number. */
  public static final int SHARD_BITS = 10;

  /** Version of the hash in the manifest: 1 = MurmurHash3 x64 128 of tenant, 0xFF, label bytes. */
  public static final int HASH_VERSION = 1;

  /** The virtual shard, 0 to 1,023. */
  public int virtualShard() {
    return virtualShard(high);
  }

  /** The virtual shard of a key with these upper bits. */
  public static int virtualShard(long high) {
    return (int) (high >>> (64 - SHARD_BITS));
  }

  /** The bucket of a virtual shard when a window has {@code buckets} (a power of two) of them. */
  public int bucket(int buckets) {
    return virtualShard() >>> (SHARD_BITS - Integer.numberOfTrailingZeros(buckets));
  }

  /** Hashes series of one store. Thread-safe. */
  public static final class Hash {
    private final Hasher128 hasher;

    /**
     * @param seed the store's seed, from its manifest
     */
    public Hash(int seed) {
      hasher = Hashing.murmur3_128(seed);
    }

    /** The key of a series. */
    public SeriesKey of(String tenant, byte[] labels, int offset, int length) {
      HashValue128 value;
      if (tenant.isEmpty()) {
        value = hasher.hashBytesTo128Bits(labels, offset, length);
      } else {
        value =
            hasher
                .hashStream()
                .putByteArray(tenant.getBytes(StandardCharsets.UTF_8))
                .putByte((byte) 0xFF) // no UTF-8 text contains it
                .putBytes(labels, offset, length)
                .get();
      }
      return new SeriesKey(value.getMostSignificantBits(), value.getLeastSignificantBits());
    }
  }
}
