package io.varve.engine.index;

import java.util.Arrays;

/**
 * Memory of append-only posting lists: ints in pages that never move, so that readers need no lock.
 * A list is a chain of chunks of 2, 4, 8 … 256 entries, each followed by a link to the next.
 *
 * <p>A list begins with an id that is kept elsewhere. An entry {@code e > 0} is the id {@code e −
 * 1}; an entry {@code −k} says that the id before it is followed by the next {@code k} ids: series
 * of one scrape follow each other, so instance, job and zone need next to nothing. An entry 0 ends
 * the list.
 *
 * <p>One writer. A reader that was given a bound by the writer (release, acquire) finds in order
 * everything below it; what it may find beyond, entries of a racing writer, are ids at or above the
 * bound, and it ignores them.
 */
final class PostingSlots {
  private static final int PAGE_BITS = 14;
  private static final int PAGE_SIZE = 1 << PAGE_BITS;
  private static final int FIRST_CHUNK = 2;
  private static final int LAST_CHUNK = 256;

  private volatile int[][] pages = new int[0][];
  private int next = 1; // index 0 means none

  /** Heap bytes held. */
  long bytes() {
    return (long) pages.length * PAGE_SIZE * Integer.BYTES;
  }

  /** A new chunk for {@code size} entries. Writer only. */
  private int allocate(int size) {
    int used = next & (PAGE_SIZE - 1);
    if (used + size + 1 > PAGE_SIZE) {
      next += PAGE_SIZE - used;
    }
    int at = next;
    if (at < 0 || at > Integer.MAX_VALUE - PAGE_SIZE) {
      throw new IllegalStateException("the head's index is full");
    }
    if (at >>> PAGE_BITS >= pages.length) {
      int[][] more = Arrays.copyOf(pages, pages.length + 1);
      more[pages.length] = new int[PAGE_SIZE];
      pages = more;
    }
    next += size + 1;
    set(at + size, -size); // a link that leads nowhere yet, and says how large the chunk is
    return at;
  }

  private void set(int at, int value) {
    pages[at >>> PAGE_BITS][at & (PAGE_SIZE - 1)] = value;
  }

  private int get(int at) {
    return pages[at >>> PAGE_BITS][at & (PAGE_SIZE - 1)];
  }

  /** Begins a list with an entry; returns where. Writer only. */
  int begin(int entry) {
    int at = allocate(FIRST_CHUNK);
    set(at, entry);
    return at;
  }

  /** The entry at a place that {@link #begin} or {@link #append} returned. Writer only. */
  int entry(int at) {
    return get(at);
  }

  /** Replaces an entry {@code −k} by a longer one. Writer only. */
  void lengthen(int at) {
    set(at, get(at) - 1);
  }

  /** Appends an entry behind the last one; returns where. Writer only. */
  int append(int last, int entry) {
    int at = last + 1;
    int there = get(at);
    if (there != 0) { // the link: this chunk is full
      int chunk = allocate(Math.min(-2 * there, LAST_CHUNK));
      set(chunk, entry);
      set(at, chunk);
      return chunk;
    }
    set(at, entry);
    return at;
  }

  /** Walks one list. One thread. */
  static final class Walk {
    private final PostingSlots slots;
    private final int bound;
    private int[] page = new int[0];
    private int at;
    private int left; // entries left in the chunk
    private int size;
    private int current;

    /** First id of the range that {@link #next} moved to. */
    int first;

    /** Last id of it. */
    int last;

    private boolean started;

    /** A walk over ids below a bound. */
    Walk(PostingSlots slots, int bound) {
      this.slots = slots;
      this.bound = bound;
    }

    /** Places the walk before a list: its first id, and where its entries begin, 0 for none. */
    Walk on(int firstId, int chunk) {
      current = firstId;
      size = FIRST_CHUNK;
      left = 0;
      started = false;
      enter(chunk);
      return this;
    }

    private void enter(int chunk) {
      int[][] pages = slots.pages;
      if (chunk <= 0 || chunk >>> PAGE_BITS >= pages.length) {
        left = -1;
        return;
      }
      page = pages[chunk >>> PAGE_BITS];
      at = chunk & (PAGE_SIZE - 1);
      left = size;
    }

    private int entry() {
      if (left == 0) {
        size = Math.min(2 * size, LAST_CHUNK);
        enter(page[at]);
      }
      if (left < 0) {
        return 0;
      }
      int entry = page[at];
      if (entry == 0) {
        left = -1;
        return 0;
      }
      at++;
      left--;
      return entry;
    }

    /** Moves to the next range of ids; false if there is none. */
    boolean next() {
      if (!started) {
        started = true;
        if (current >= bound) {
          left = -1;
          return false;
        }
        first = current;
        last = current;
        return true;
      }
      int entry = entry();
      if (entry > 0) {
        first = entry - 1;
        last = first;
      } else if (entry < 0) {
        first = current + 1;
        last = current - entry;
      } else {
        return false;
      }
      current = last;
      if (first >= bound) {
        left = -1;
        return false;
      }
      last = Math.min(last, bound - 1);
      return true;
    }
  }
}
