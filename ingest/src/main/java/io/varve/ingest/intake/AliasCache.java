package io.varve.ingest.intake;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.security.SecureRandom;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Label bytes as some senders write them (unsorted, with empty values, with padded varints) → the
 * series that they name, so that only the first request of such a sender pays for bringing them
 * into canonical form. Bounded in bytes; entries hold for one generation of head ids and are
 * forgotten with it.
 *
 * <p>A full cache takes no more entries until the next generation. A sender repeats its series in a
 * cycle, and for a cycle that is larger than the cache any "throw out the oldest" would throw out
 * each entry just before it is wanted.
 *
 * <p>Readers take no lock: slots hold immutable entries, and an entry that a reader does not see
 * yet is a miss.
 */
public final class AliasCache {
  private static final int FIRST_SLOTS = 1 << 8;
  private static final int ENTRY_BYTES = 96; // object headers, fields, slots
  private static final Hasher64 HASHER = Hashing.wyhashFinal4(new SecureRandom().nextLong());

  private final long mostBytes;
  private volatile Table table = new Table(0, new Entry[FIRST_SLOTS]);
  private int entries;
  private long bytes;

  /**
   * @param mostBytes what all entries together may take
   */
  public AliasCache(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  private record Table(int generation, @Nullable Entry[] slots) {}

  /** A sender's bytes for a series; {@code canonical} is not to be changed. */
  record Entry(long hash, int tenant, byte[] wire, byte[] canonical, int id) {}

  static long hash(byte[] wire, int offset, int length) {
    return HASHER.hashBytesToLong(wire, offset, length);
  }

  /** True if nothing can be found, so that hashing is not worth while. */
  boolean isEmptyFor(int generation) {
    return table.generation != generation || entries == 0;
  }

  @Nullable Entry find(int generation, int tenant, long hash, byte[] wire, int offset, int length) {
    Table t = table;
    if (t.generation != generation) {
      return null;
    }
    @Nullable Entry[] slots = t.slots;
    int mask = slots.length - 1;
    for (int i = (int) hash & mask; ; i = (i + 1) & mask) {
      Entry e = slots[i];
      if (e == null) {
        return null;
      }
      if (e.hash == hash
          && e.tenant == tenant
          && Arrays.equals(e.wire, 0, e.wire.length, wire, offset, offset + length)) {
        return e;
      }
    }
  }

  /** Adds an entry found under {@code generation}, which is the head's at present. */
  synchronized void put(int generation, Entry entry) {
    if (table.generation != generation) {
      table = new Table(generation, new Entry[FIRST_SLOTS]);
      entries = 0;
      bytes = 0;
    }
    long size = ENTRY_BYTES + entry.wire.length + (long) entry.canonical.length;
    if (bytes + size > mostBytes
        || find(generation, entry.tenant, entry.hash, entry.wire, 0, entry.wire.length) != null) {
      return;
    }
    @Nullable Entry[] slots = table.slots;
    if (entries * 2 >= slots.length) {
      @Nullable Entry[] larger = new Entry[slots.length * 2];
      for (Entry e : slots) {
        if (e != null) {
          place(larger, e);
        }
      }
      slots = larger;
      table = new Table(generation, larger);
    }
    place(slots, entry);
    entries++;
    bytes += size;
  }

  private static void place(@Nullable Entry[] slots, Entry entry) {
    int mask = slots.length - 1;
    int i = (int) entry.hash & mask;
    while (slots[i] != null) {
      i = (i + 1) & mask;
    }
    slots[i] = entry;
  }

  /** Bytes that the entries take. */
  public synchronized long bytes() {
    return bytes;
  }
}
