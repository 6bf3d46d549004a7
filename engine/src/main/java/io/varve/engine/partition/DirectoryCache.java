package io.varve.engine.partition;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The decoded directory pages of many chunk files, bounded in bytes: when it is full, pages that
 * were not asked for lately go first (second chance). A page that went is decoded again when it is
 * needed; whoever holds it goes on using it. Any thread may call.
 */
public final class DirectoryCache {
  /** The cache of readers that were given none: an eighth of the heap, at most 256 MiB. */
  static final DirectoryCache SHARED =
      new DirectoryCache(Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 8));

  private final long capacityBytes;
  private final ArrayDeque<Entry> ring = new ArrayDeque<>();
  private long bytes;

  /** A cache of at most so many bytes, and at least one page. */
  public DirectoryCache(long capacityBytes) {
    this.capacityBytes = capacityBytes;
  }

  /** A page in its reader's table, until it is evicted. */
  static final class Entry {
    private final AtomicReferenceArray<@Nullable Entry> table;
    private final int index;
    private final DirectoryPage page;
    private final long bytes;
    private boolean touched; // a hint: a lost update costs one decode at most

    Entry(AtomicReferenceArray<@Nullable Entry> table, int index, DirectoryPage page) {
      this.table = table;
      this.index = index;
      this.page = page;
      this.bytes = page.residentBytes() + 64;
    }

    DirectoryPage page() {
      if (!touched) {
        touched = true;
      }
      return page;
    }

    long bytes() {
      return bytes;
    }
  }

  /** Heap that all pages take now. */
  public synchronized long residentBytes() {
    return bytes;
  }

  /** Puts a page into its reader's table, unless another thread did. */
  DirectoryPage add(Entry entry) {
    if (!entry.table.compareAndSet(entry.index, null, entry)) {
      return entry.page;
    }
    synchronized (this) {
      ring.addLast(entry);
      bytes += entry.bytes;
      while (bytes > capacityBytes && ring.size() > 1) {
        Entry oldest = ring.removeFirst();
        if (oldest.touched) {
          oldest.touched = false;
          ring.addLast(oldest);
        } else {
          oldest.table.compareAndSet(oldest.index, oldest, null);
          bytes -= oldest.bytes;
        }
      }
    }
    return entry.page;
  }

  /** Forgets the pages of a reader that is closed. */
  synchronized void forget(AtomicReferenceArray<@Nullable Entry> table) {
    ring.removeIf(
        entry -> {
          if (entry.table.equals(table)) {
            bytes -= entry.bytes;
            return true;
          }
          return false;
        });
    for (int i = 0; i < table.length(); i++) {
      table.set(i, null);
    }
  }
}
