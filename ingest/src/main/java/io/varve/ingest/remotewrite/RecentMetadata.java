package io.varve.ingest.remotewrite;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.util.Arrays;

/**
 * Remembers what was said about metrics a short while ago: remote write 2.0 repeats the metadata
 * with every sample, and it should not be made into strings every time. A table of hashes; entries
 * that fall on one slot displace each other, and all are forgotten after some minutes, so what is
 * lost elsewhere is told again. Not thread-safe.
 */
final class RecentMetadata {
  private static final Hasher64 HASHER = Hashing.wyhashFinal4();
  private static final long FORGET_MILLIS = 600_000;
  private static final int SLOTS = 1 << 13;

  private final long[] told = new long[SLOTS];
  private long forgetAt = Long.MIN_VALUE;
  private long tenant;

  void begin(String tenantName, long now) {
    tenant = tenantName.hashCode() * 0x9E3779B97F4A7C15L;
    if (now >= forgetAt) {
      Arrays.fill(told, 0);
      forgetAt = now + FORGET_MILLIS;
    }
  }

  boolean isNew(
      byte[] body,
      int metricAt,
      int metricLength,
      int type,
      int helpAt,
      int helpLength,
      int unitAt,
      int unitLength) {
    long hash = tenant + type;
    hash = mix(hash, HASHER.hashBytesToLong(body, metricAt, metricLength));
    hash = mix(hash, HASHER.hashBytesToLong(body, helpAt, helpLength));
    hash = mix(hash, HASHER.hashBytesToLong(body, unitAt, unitLength));
    int slot = (int) hash & (SLOTS - 1);
    if (told[slot] == hash) {
      return false;
    }
    told[slot] = hash;
    return true;
  }

  private static long mix(long a, long b) {
    long x = (a ^ (b + 0x9E3779B97F4A7C15L)) * 0xBF58476D1CE4E5B9L;
    return x ^ x >>> 29;
  }
}
