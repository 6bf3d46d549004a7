package io.varve.engine.index;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import java.nio.ByteBuffer;

/**
 * Roaring's portable serialisation (the RoaringFormatSpec of the Roaring project), written here
 * rather than by the library so that equal ids give equal bytes whatever the library's heuristics
 * become, and checked here before the library reads a mapping that it would trust.
 *
 * <pre>
 * with run containers:     u16 12347, u16 containers − 1, bit set of the run containers
 * without:                 u32 12346, u32 containers
 * per container:           u16 key (upper half of the ids), u16 ids − 1
 * without run containers, or from 4 containers on:
 * per container:           u32 offset of its content from the first byte
 * per container:           run:           u16 runs, (u16 first, u16 length − 1) per run
 *                          &lt;= 4,096 ids:  u16 lower half of each id
 *                          else:          8,192 bytes, one bit per lower half
 * </pre>
 */
final class RoaringFormat {
  private static final int COOKIE = 12347;
  private static final int COOKIE_WITHOUT_RUNS = 12346;
  private static final int OFFSETS_FROM = 4;
  private static final int MOST_IN_ARRAY = 4096;
  private static final int BITMAP_BYTES = 8192;

  private RoaringFormat() {}

  /** Appends ascending ids in {@code ids[from, to)}, at least one, each container at its best. */
  static void write(int[] ids, int from, int to, ByteWriter out) {
    int containers = 0;
    boolean anyRuns = false;
    for (int at = from; at < to; ) {
      int end = containerEnd(ids, at, to);
      anyRuns |= asRuns(ids, at, end);
      containers++;
      at = end;
    }
    int start = out.size();
    if (anyRuns) {
      out.fixed32(COOKIE | (containers - 1) << 16);
      int bits = out.size();
      int bytes = (containers + 7) / 8;
      out.reserve(bytes);
      java.util.Arrays.fill(out.array(), bits, bits + bytes, (byte) 0);
      out.advance(bytes);
      int container = 0;
      for (int at = from; at < to; container++) {
        int end = containerEnd(ids, at, to);
        if (asRuns(ids, at, end)) {
          out.array()[bits + container / 8] |= (byte) (1 << container % 8);
        }
        at = end;
      }
    } else {
      out.fixed32(COOKIE_WITHOUT_RUNS);
      out.fixed32(containers);
    }
    for (int at = from; at < to; ) {
      int end = containerEnd(ids, at, to);
      u16(out, ids[at] >>> 16);
      u16(out, end - at - 1);
      at = end;
    }
    int offsets = out.size();
    boolean withOffsets = !anyRuns || containers >= OFFSETS_FROM;
    if (withOffsets) {
      for (int i = 0; i < containers; i++) {
        out.fixed32(0);
      }
    }
    int container = 0;
    for (int at = from; at < to; container++) {
      int end = containerEnd(ids, at, to);
      if (withOffsets) {
        out.patch32(offsets + 4 * container, out.size() - start);
      }
      writeContainer(ids, at, end, out);
      at = end;
    }
  }

  private static void writeContainer(int[] ids, int from, int to, ByteWriter out) {
    if (asRuns(ids, from, to)) {
      u16(out, runs(ids, from, to));
      for (int at = from; at < to; ) {
        int first = at++;
        while (at < to && ids[at] == ids[at - 1] + 1) {
          at++;
        }
        u16(out, ids[first]);
        u16(out, at - first - 1);
      }
    } else if (to - from <= MOST_IN_ARRAY) {
      for (int at = from; at < to; at++) {
        u16(out, ids[at]);
      }
    } else {
      long[] words = new long[BITMAP_BYTES / Long.BYTES];
      for (int at = from; at < to; at++) {
        words[(ids[at] & 0xFFFF) >>> 6] |= 1L << ids[at];
      }
      for (long word : words) {
        out.fixed64(word);
      }
    }
  }

  private static int containerEnd(int[] ids, int from, int to) {
    int key = ids[from] >>> 16;
    int at = from + 1;
    while (at < to && ids[at] >>> 16 == key) {
      at++;
    }
    return at;
  }

  private static int runs(int[] ids, int from, int to) {
    int runs = 1;
    for (int at = from + 1; at < to; at++) {
      if (ids[at] != ids[at - 1] + 1) {
        runs++;
      }
    }
    return runs;
  }

  private static boolean asRuns(int[] ids, int from, int to) {
    return 2 + 4 * runs(ids, from, to) < Math.min(2 * (to - from), BITMAP_BYTES);
  }

  private static void u16(ByteWriter out, int value) {
    out.u8(value);
    out.u8(value >>> 8);
  }

  /**
   * Checks that a buffer holds exactly one well-formed bitmap: ascending ids in a range, with the
   * counts and offsets that its header promises.
   *
   * @param bytes little-endian, from its position to its limit; not moved
   * @param first the ids' lower bound, not negative
   * @param end the ids' upper bound, exclusive
   * @return how many ids
   */
  static int check(ByteBuffer bytes, int first, int end, String source, long offset) {
    Check check = new Check(bytes, source, offset);
    int cookie = check.u32(0);
    boolean anyRuns = (cookie & 0xFFFF) == COOKIE;
    int containers;
    int at;
    int bits = 4;
    if (anyRuns) {
      containers = (cookie >>> 16) + 1;
      at = 4 + (containers + 7) / 8;
    } else if (cookie == COOKIE_WITHOUT_RUNS) {
      containers = check.u32(4);
      at = 8;
    } else {
      throw check.corrupt(0, "postings begin with " + Integer.toHexString(cookie));
    }
    if (containers <= 0 || containers > 1 << 16) {
      throw check.corrupt(0, "postings of " + containers + " containers");
    }
    int headers = at;
    int offsets = headers + 4 * containers;
    boolean withOffsets = !anyRuns || containers >= OFFSETS_FROM;
    at = withOffsets ? offsets + 4 * containers : offsets;
    int total = 0;
    int key = -1;
    for (int container = 0; container < containers; container++) {
      int header = check.u32(headers + 4 * container);
      if ((header & 0xFFFF) <= key) {
        throw check.corrupt(headers + 4 * container, "containers are not in order");
      }
      key = header & 0xFFFF;
      int count = (header >>> 16) + 1;
      if (withOffsets && check.u32(offsets + 4 * container) != at) {
        throw check.corrupt(offsets + 4 * container, "container is not where it should be");
      }
      int low = Math.max(0, first - (key << 16));
      int high = Math.min(1 << 16, end - (key << 16));
      if (key >= 1 << 15 || low >= high) {
        throw check.corrupt(headers + 4 * container, "ids out of range");
      }
      boolean run = anyRuns && (check.u8(bits + container / 8) >>> container % 8 & 1) != 0;
      if (run) {
        at = check.runs(at, count, low, high);
      } else if (count <= MOST_IN_ARRAY) {
        at = check.array(at, count, low, high);
      } else {
        at = check.bitmap(at, count, low, high);
      }
      total += count;
    }
    if (at != bytes.remaining()) {
      throw check.corrupt(at, "postings end before their last byte");
    }
    return total;
  }

  private record Check(ByteBuffer bytes, String source, long offset) {
    CorruptDataException corrupt(int at, String problem) {
      int in = Math.clamp(at, 0, bytes.remaining());
      return new CorruptDataException(source, offset + in, problem);
    }

    private int at(int at, int width) {
      if (at < 0 || at > bytes.remaining() - width) {
        throw corrupt(at, "postings are cut off");
      }
      return bytes.position() + at;
    }

    int u8(int at) {
      return bytes.get(at(at, 1)) & 0xFF;
    }

    int u16(int at) {
      return bytes.getShort(at(at, 2)) & 0xFFFF;
    }

    int u32(int at) {
      return bytes.getInt(at(at, 4));
    }

    int runs(int at, int count, int low, int high) {
      int runs = u16(at);
      int found = 0;
      int next = low;
      for (int i = 0; i < runs; i++) {
        int run = at + 2 + 4 * i;
        int first = u16(run);
        int length = u16(run + 2) + 1;
        if (first < next || first + length > high) {
          throw corrupt(run, "run of ids out of order or range");
        }
        found += length;
        next = first + length + 1; // runs that touch would be one
      }
      if (found != count) {
        throw corrupt(at, "runs hold " + found + " ids, not " + count);
      }
      return at + 2 + 4 * runs;
    }

    int array(int at, int count, int low, int high) {
      at(at, 2 * count);
      int previous = low - 1;
      for (int i = 0; i < count; i++) {
        int id = u16(at + 2 * i);
        if (id <= previous || id >= high) {
          throw corrupt(at + 2 * i, "id out of order or range");
        }
        previous = id;
      }
      return at + 2 * count;
    }

    int bitmap(int at, int count, int low, int high) {
      int base = at(at, BITMAP_BYTES);
      int found = 0;
      int lowest = -1;
      int highest = -1;
      for (int i = 0; i < BITMAP_BYTES / Long.BYTES; i++) {
        long word = bytes.getLong(base + Long.BYTES * i);
        if (word != 0) {
          found += Long.bitCount(word);
          if (lowest < 0) {
            lowest = 64 * i + Long.numberOfTrailingZeros(word);
          }
          highest = 64 * i + 63 - Long.numberOfLeadingZeros(word);
        }
      }
      if (found != count || lowest < low || highest >= high) {
        throw corrupt(at, "bitmap of " + found + " ids in place of " + count);
      }
      return at + BITMAP_BYTES;
    }
  }
}
