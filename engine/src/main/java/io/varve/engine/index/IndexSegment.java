package io.varve.engine.index;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.format.FileHeader;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SeriesKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * One immutable, mapped segment of a window's index. Opening it reads its two ends only; each page
 * is checked against its checksum when it is first touched. Every method but {@link #verify} ends
 * in a {@link CorruptDataException} that names the file and the place if what it touches is
 * damaged.
 *
 * <p>Thread-safe. Usable while the arena is open in which it was mapped.
 */
public final class IndexSegment implements SeriesIndex {
  private static final AtomicLong OPENED = new AtomicLong();

  private final MappedPages pages;
  private final IndexSegmentId id;
  private final int count;
  private final long tenantTable;
  private final int tenants;
  private final AtomicReferenceArray<@Nullable SegmentTerms> sections;
  private final AcceptedCache cache = new AcceptedCache();
  private final long serial = OPENED.incrementAndGet();

  private IndexSegment(
      MappedPages pages, IndexSegmentId id, int count, long tenantTable, int tenants) {
    this.pages = pages;
    this.id = id;
    this.count = count;
    this.tenantTable = tenantTable;
    this.tenants = tenants;
    this.sections = new AtomicReferenceArray<>(tenants);
  }

  /**
   * Maps a segment file.
   *
   * @param relativePath where it is, relative to the data folder; the source of all errors
   * @param expectedBytes how large it must be, as the manifest says
   * @param arena how long the mapping lives; its owner closes it after the last use
   * @throws CorruptDataException if it is not a whole segment file
   * @throws IOException if it cannot be opened
   */
  public static IndexSegment open(
      FileSystem fs, Path dataDir, String relativePath, long expectedBytes, Arena arena)
      throws IOException {
    MemorySegment file;
    try (FileSystem.ReadFile opened = fs.open(dataDir.resolve(relativePath))) {
      if (opened.size() != expectedBytes) {
        throw new CorruptDataException(
            relativePath,
            opened.size(),
            "file has " + opened.size() + " bytes, not " + expectedBytes);
      }
      if (opened.size() < SegmentFormat.HEADER_BYTES + 4 + SegmentFormat.TRAILER_BYTES) {
        throw new CorruptDataException(relativePath, opened.size(), "file is too small");
      }
      file = opened.map(arena);
    }
    return read(file, relativePath);
  }

  private static IndexSegment read(MemorySegment file, String source) {
    long size = file.byteSize();
    long trailerAt = size - SegmentFormat.TRAILER_BYTES;
    byte[] trailer = bytes(file, trailerAt, SegmentFormat.TRAILER_BYTES);
    ByteReader in = new ByteReader().on(trailer, 0, trailer.length, source, trailerAt);
    long bodyBytes = in.fixed64();
    long tenantTable = in.fixed64();
    int pageCount = in.fixed32();
    int tableChecksum = in.fixed32();
    if (in.fixed32() != Crc32c.of(trailer, 0, 24) || in.fixed32() != SegmentFormat.END_MAGIC) {
      throw new CorruptDataException(source, trailerAt, "trailer fails its checksum");
    }
    if (bodyBytes < SegmentFormat.HEADER_BYTES
        || bodyBytes > trailerAt
        || pageCount != SegmentFormat.pages(bodyBytes)
        || trailerAt - bodyBytes != 4L * pageCount) {
      throw new CorruptDataException(
          source, trailerAt, "body of " + bodyBytes + " bytes in a file of " + size);
    }
    byte[] table = bytes(file, bodyBytes, 4 * pageCount);
    if (Crc32c.of(table, 0, table.length) != tableChecksum) {
      throw new CorruptDataException(source, bodyBytes, "page table fails its checksum");
    }
    int[] checksums = new int[pageCount];
    in.on(table, 0, table.length, source, bodyBytes);
    for (int i = 0; i < pageCount; i++) {
      checksums[i] = in.fixed32();
    }
    MappedPages pages = new MappedPages(file, source, bodyBytes, checksums);
    pages.check(0, SegmentFormat.HEADER_BYTES);
    byte[] header = bytes(file, 0, SegmentFormat.HEADER_BYTES);
    in.on(header, 0, header.length, source, 0);
    FileHeader common = FileHeader.read(in, SegmentFormat.NAME);
    if (common.version() != SegmentFormat.VERSION) {
      throw in.corrupt("version " + common.version() + " of the format is not known");
    }
    long windowStart = in.fixed64();
    long windowMillis = in.fixed64();
    long generation = in.fixed64();
    int number = in.fixed32();
    int firstId = in.fixed32();
    int count = in.fixed32();
    long tenantBytes = bodyBytes - tenantTable;
    if (windowMillis <= 0
        || generation < 0
        || number < 0
        || number != common.number()
        || firstId < 0
        || count < 0
        || count > Integer.MAX_VALUE - firstId
        || tenantTable < SegmentFormat.HEADER_BYTES
        || tenantBytes < 0
        || tenantBytes % SegmentFormat.TENANT_BYTES != 0
        || tenantBytes / SegmentFormat.TENANT_BYTES > count
        || (tenantBytes == 0 && count > 0)) {
      throw in.corrupt("header and trailer do not agree");
    }
    IndexSegmentId id = new IndexSegmentId(windowStart, windowMillis, generation, number, firstId);
    return new IndexSegment(
        pages, id, count, tenantTable, (int) (tenantBytes / SegmentFormat.TENANT_BYTES));
  }

  private static byte[] bytes(MemorySegment file, long offset, int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(file, ValueLayout.JAVA_BYTE, offset, bytes, 0, length);
    return bytes;
  }

  /** Takes the label bytes of series. */
  @FunctionalInterface
  public interface BytesConsumer {
    /** The canonical label bytes of a series: the first of an array that is used again. */
    void accept(int id, byte[] bytes, int length);
  }

  /** A number that no other segment has had since the process began. */
  public long serial() {
    return serial;
  }

  /** What the file says it is. */
  public IndexSegmentId id() {
    return id;
  }

  /** Window id of the first series. */
  public int firstId() {
    return id.firstId();
  }

  /** How many series. */
  public int count() {
    return count;
  }

  /**
   * Reads the whole file and reports what is wrong, in words: each page that fails its checksum,
   * or, if all are as written, each tenant whose records, dictionaries and postings do not agree.
   */
  public void verify(Consumer<String> problem) {
    boolean whole = true;
    for (int page = 0; page < pages.pages(); page++) {
      try {
        pages.prove(page);
      } catch (CorruptDataException e) {
        whole = false;
        problem.accept(String.valueOf(e.getMessage()));
      }
    }
    if (!whole) {
      return;
    }
    int next = firstId();
    byte[] previous = new byte[0];
    for (int t = 0; t < tenants; t++) {
      try {
        SegmentTerms terms = section(t);
        byte[] name = terms.tenant().getBytes(StandardCharsets.UTF_8);
        if (terms.firstId() != next || (t > 0 && Arrays.compareUnsigned(previous, name) >= 0)) {
          throw pages.corrupt(tenantEntry(t), "tenants are not in order");
        }
        previous = name;
        next = terms.endId();
        SegmentVerifier.verify(terms, problem);
      } catch (CorruptDataException e) {
        problem.accept(String.valueOf(e.getMessage()));
        return;
      }
    }
    if (next != firstId() + count) {
      problem.accept(
          pages
              .corrupt(
                  tenantTable, "tenants have " + (next - firstId()) + " of " + count + " series")
              .getMessage());
    }
  }

  /** Heap bytes that are held for this segment, roughly, the mapping not included. */
  public long residentBytes() {
    long bytes = 200 + cache.bytes() + 8L * tenants + 5L * pages.pages();
    for (int t = 0; t < tenants; t++) {
      SegmentTerms section = sections.get(t);
      bytes += section == null ? 0 : section.residentBytes();
    }
    return bytes;
  }

  /**
   * Recomputes the keys of all series from their labels.
   *
   * @param outHigh receives the upper halves, by position (window id − first id)
   * @param outLow receives the lower halves
   */
  public void keys(SeriesKey.Hash hash, long[] outHigh, long[] outLow) {
    for (int t = 0; t < tenants; t++) {
      SegmentTerms terms = section(t);
      new SegmentKeys(terms).compute(hash, outHigh, outLow, terms.firstId() - firstId());
    }
  }

  @Override
  public RoaringBitmap select(String tenant, List<Matcher> matchers, Runnable between) {
    SegmentTerms terms = section(tenant);
    return terms == null ? new RoaringBitmap() : Selection.select(terms, matchers, between);
  }

  @Override
  public void labelNames(String tenant, @Nullable RoaringBitmap within, Consumer<String> out) {
    SegmentTerms terms = section(tenant);
    if (terms != null) {
      terms.labelNames(within, out);
    }
  }

  @Override
  public void labelValues(
      String tenant, String name, @Nullable RoaringBitmap within, Consumer<String> out) {
    SegmentTerms terms = section(tenant);
    int number = terms == null ? -1 : terms.name(name);
    if (terms != null && number >= 0) {
      terms.labelValues(number, within, out);
    }
  }

  @Override
  public String tenant(int series) {
    return section(tenantOf(series)).tenant();
  }

  @Override
  public Labels labels(int series) {
    return section(tenantOf(series)).labels(series);
  }

  @Override
  public byte[] canonical(int series) {
    return section(tenantOf(series)).canonical(series);
  }

  /**
   * Hands over the canonical label bytes of series of one tenant, in ascending order: cheaper than
   * one by one, and without a copy of each.
   */
  public void eachCanonical(String tenant, RoaringBitmap series, BytesConsumer out) {
    SegmentTerms terms = section(tenant);
    if (terms != null) {
      terms.eachCanonical(series, out);
    }
  }

  @Override
  public void tenants(Consumer<String> out) {
    for (int t = 0; t < tenants; t++) {
      out.accept(section(t).tenant());
    }
  }

  @Override
  public int seriesCount(String tenant) {
    SegmentTerms terms = section(tenant);
    return terms == null ? 0 : terms.series();
  }

  @Override
  public void labelPairs(String tenant, PairConsumer out) {
    SegmentTerms terms = section(tenant);
    if (terms != null) {
      terms.labelPairs(out);
    }
  }

  private @Nullable SegmentTerms section(String tenant) {
    byte[] wanted = tenant.getBytes(StandardCharsets.UTF_8);
    int low = 0;
    int high = tenants - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      SegmentTerms section = section(middle);
      int c = Arrays.compareUnsigned(section.tenant().getBytes(StandardCharsets.UTF_8), wanted);
      if (c == 0) {
        return section;
      }
      if (c < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return null;
  }

  private int tenantOf(int series) {
    if (series < firstId() || series - firstId() >= count) {
      throw new IndexOutOfBoundsException(
          "series " + series + " in a segment of " + count + " from " + firstId() + " on");
    }
    int low = 0;
    int high = tenants - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      pages.check(tenantEntry(middle), SegmentFormat.TENANT_BYTES);
      if (pages.fixed32(tenantEntry(middle) + 8) <= series) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    SegmentTerms section = section(low);
    if (series < section.firstId() || series >= section.endId()) {
      throw pages.corrupt(tenantEntry(low), "tenants are not in order");
    }
    return low;
  }

  private long tenantEntry(int tenant) {
    return tenantTable + (long) SegmentFormat.TENANT_BYTES * tenant;
  }

  private SegmentTerms section(int tenant) {
    SegmentTerms known = sections.get(tenant);
    if (known != null) {
      return known;
    }
    long at = tenantEntry(tenant);
    pages.check(at, SegmentFormat.TENANT_BYTES);
    long offset = pages.fixed64(at);
    int first = pages.fixed32(at + 8);
    int series = pages.fixed32(at + 12);
    long end = tenantTable;
    if (tenant + 1 < tenants) {
      pages.check(at + SegmentFormat.TENANT_BYTES, Long.BYTES);
      end = pages.fixed64(at + SegmentFormat.TENANT_BYTES);
    }
    if (offset < SegmentFormat.HEADER_BYTES
        || end > tenantTable
        || offset > end - Integer.BYTES
        || first < firstId()
        || series <= 0
        || series > count - (first - firstId())) {
      throw pages.corrupt(at, "section of a tenant is out of range");
    }
    SegmentTerms opened = new SegmentTerms(pages, cache, offset, end, first, series);
    return sections.compareAndSet(tenant, null, opened) ? opened : section(tenant);
  }
}
