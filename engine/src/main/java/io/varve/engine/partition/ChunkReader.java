package io.varve.engine.partition;

import io.varve.engine.codec.TimeColumnDecoder;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkFormat.Section;
import io.varve.engine.partition.DirectoryCache.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads one chunk file. Rows are its series in file order, blocks are numbered through the file,
 * and the blocks of a row follow each other in time order.
 *
 * <p>Any number of threads may read, each with a {@link ChunkScratch} of its own. Whoever opened
 * the reader closes it after the last of them, and the arena of the mapping after the reader. The
 * directory is mapped and decoded page by page when it is asked for; the decoded pages are in a
 * {@link DirectoryCache}. Values are read by position.
 *
 * <p>The checksum of every 64 KiB of the file is checked when the first read touches them. All
 * methods throw {@link CorruptDataException}, with the path and an offset, where the file is
 * damaged, and {@link UncheckedIOException} where it cannot be read.
 */
public final class ChunkReader implements AutoCloseable {
  /** A cell lacks its first value, and its resets. */
  public static final int LACKS_FIRST = 1;

  /** A cell lacks its resets. */
  public static final int LACKS_RESETS = 2;

  /** A cell lacks its sum. */
  public static final int LACKS_SUM = 4;

  /** A cell lacks its smallest and largest value. */
  public static final int LACKS_BOUNDS = 8;

  private static final AtomicLong NUMBERS = new AtomicLong();
  private static final int MOST_PAGE_BYTES = 1 << 20;
  private static final int MOST_FOOTER_BYTES = 256 << 20;

  private final long number = NUMBERS.getAndIncrement();
  private final ChunkFile about;
  private final FileSystem.ReadFile file;
  private final MemorySegment mapped;
  private final ChunkFooter footer;
  private final DirectoryCache cache;
  private final AtomicLongArray proven;

  // Pages of COLUMNS, then of BLOCKS, then of STATS, then the row index.
  private final AtomicReferenceArray<@Nullable Entry> pages;
  private final int firstBlockPage;
  private final int firstStatsPage;
  private final int rowPage;

  private ChunkReader(
      ChunkFile about,
      FileSystem.ReadFile file,
      MemorySegment mapped,
      ChunkFooter footer,
      DirectoryCache cache) {
    this.about = about;
    this.file = file;
    this.mapped = mapped;
    this.footer = footer;
    this.cache = cache;
    this.proven = new AtomicLongArray(footer.checksums().length / 64 + 1);
    this.firstBlockPage = ChunkFooter.pages(footer.columns());
    this.firstStatsPage = firstBlockPage + ChunkFooter.pages(footer.blocks());
    this.rowPage = firstStatsPage + ChunkFooter.pages(footer.blocks());
    this.pages = new AtomicReferenceArray<>(rowPage + 1);
  }

  /**
   * Opens a file; decoded pages of its directory go to a cache that all readers of this kind share.
   *
   * @see #open(FileSystem, Path, ChunkFile, Arena, DirectoryCache)
   */
  public static ChunkReader open(FileSystem fs, Path dataDir, ChunkFile expected, Arena arena)
      throws IOException {
    return open(fs, dataDir, expected, arena, DirectoryCache.SHARED);
  }

  /**
   * Opens a file and proves that it is the one that the manifest means.
   *
   * @param expected what the manifest says of it
   * @param arena for the mapping; shared if several threads are to read
   * @param cache for decoded pages of the directory
   * @throws CorruptDataException if header, footer or size are not those of {@code expected}
   */
  public static ChunkReader open(
      FileSystem fs, Path dataDir, ChunkFile expected, Arena arena, DirectoryCache cache)
      throws IOException {
    FileSystem.ReadFile file = fs.open(dataDir.resolve(expected.path()));
    try {
      ChunkFooter footer = prove(file, expected);
      return new ChunkReader(expected, file, file.map(arena), footer, cache);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static ChunkFooter prove(FileSystem.ReadFile file, ChunkFile expected)
      throws IOException {
    String path = expected.path();
    long size = file.size();
    if (size != expected.bytes()) {
      throw new CorruptDataException(
          path,
          Math.min(size, expected.bytes()),
          "has " + size + " bytes, the manifest says " + expected.bytes());
    }
    if (size < ChunkFormat.HEADER_BYTES + ChunkFormat.TRAILER_BYTES) {
      throw new CorruptDataException(path, 0, "is too short for a chunk file");
    }
    byte[] trailer = new byte[ChunkFormat.TRAILER_BYTES];
    file.readFully(size - trailer.length, trailer, 0, trailer.length);
    long footerOffset = ChunkFormat.footerOffset(trailer, size, path);
    if (size - footerOffset > MOST_FOOTER_BYTES) {
      throw new CorruptDataException(
          path, footerOffset, "footer of " + (size - footerOffset) + " bytes");
    }
    byte[] tail = new byte[(int) (size - footerOffset)];
    file.readFully(footerOffset, tail, 0, tail.length);
    ChunkFormat.checkFooter(tail, footerOffset, path);
    ChunkFooter footer =
        ChunkFooter.decode(tail, footerOffset, path, expected.info().cellMillis() > 0);
    byte[] header = new byte[ChunkFormat.HEADER_BYTES];
    file.readFully(0, header, 0, header.length);
    ChunkInfo info = ChunkFormat.readHeader(header, footer.retentionClass(), path);
    if (!info.equals(expected.info())) {
      throw new CorruptDataException(path, 0, "is " + info + ", not " + expected.info());
    }
    if (footer.series() != expected.series()
        || footer.blocks() != expected.blocks()
        || footer.samples() != expected.samples()
        || footer.minTime() != expected.minTime()
        || footer.maxTime() != expected.maxTime()) {
      throw new CorruptDataException(
          path, footerOffset, "counts in the footer are not those in the manifest");
    }
    return footer;
  }

  /** A number that no other reader of this process has or had. */
  long number() {
    return number;
  }

  /** What the manifest says of the file. */
  public ChunkFile file() {
    return about;
  }

  ChunkFooter footer() {
    return footer;
  }

  // --- rows ---

  /** Series in the file; they are its rows, in file order. */
  public int seriesCount() {
    return footer.series();
  }

  /** The window id of the series of a row. */
  public int windowIdAt(int row) {
    return rows().windowIds()[row];
  }

  /** The row of a series, −1 if it has none. */
  public int rowOf(int windowId) {
    return rows().rowOf(windowId);
  }

  /** The first block of a row. */
  public int firstBlock(int row) {
    return rows().firstBlocks()[row];
  }

  /** One more than the last block of a row. */
  public int endBlock(int row) {
    return rows().firstBlocks()[row + 1];
  }

  // --- blocks ---

  /** Blocks in the file. */
  public int blockCount() {
    return footer.blocks();
  }

  /** True if a block's rows are histograms, false if they are floats. */
  public boolean isHistogram(int block) {
    return (blocks(block).flags()[inPage(block)] & BlockPage.HISTOGRAM) != 0;
  }

  /** Rows of a block, 1 to 65,535. */
  public int count(int block) {
    int column = column(block);
    return columns(column).rows()[inPage(column)];
  }

  /** Time of a block's first row, milliseconds since the epoch. */
  public long minTime(int block) {
    int column = column(block);
    return columns(column).first()[inPage(column)];
  }

  /** Time of a block's last row. */
  public long maxTime(int block) {
    int column = column(block);
    return columns(column).last()[inPage(column)];
  }

  /** True if a block has a row in a range; times are decoded only if neither end tells. */
  public boolean anyIn(int block, TimeRange range, ChunkScratch scratch) {
    int column = column(block);
    TimePage page = columns(column);
    int i = inPage(column);
    long first = page.first()[i];
    long last = page.last()[i];
    if (last <= range.startExclusive() || first > range.endInclusive()) {
      return false;
    }
    if (first > range.startExclusive() || last <= range.endInclusive()) {
      return true;
    }
    int rows = page.rows()[i];
    return range.meets(scratch.times(this, column, rows), rows);
  }

  /** Encoded bytes of a block, without its times, which it shares with others. */
  public int bytes(int block) {
    BlockPage page = blocks(block);
    int i = inPage(block);
    return page.offsets()[i + 1] - page.offsets()[i];
  }

  /**
   * The stored aggregates of a block.
   *
   * @return false if it has none: histograms, start timestamps, a value that is neither finite nor
   *     a stale marker, or a sum beyond the largest double
   */
  public boolean stats(int block, BlockStats into) {
    BlockPage page = blocks(block);
    int i = inPage(block);
    if ((page.flags()[i] & BlockPage.STATS) == 0) {
      return false;
    }
    int column = page.columns()[i];
    TimePage times = columns(column);
    int c = inPage(column);
    stats(block).get(i, times.rows()[c], times.first()[c], times.last()[c], into);
    return true;
  }

  /** Takes cells that have values, one after the other. */
  public interface CellConsumer {
    /** The holder is filled anew for each. */
    void accept(BlockStats cell);
  }

  /**
   * Hands out cells until one has no aggregates; those without values are left out.
   *
   * @param holder is filled for each
   * @return the cell that has none, or {@code end}
   */
  public int addCells(int first, int end, BlockStats holder, CellConsumer out) {
    TimePage times = null;
    int timesAt = -1;
    for (int cell = first; cell < end; ) {
      BlockPage page = blocks(cell);
      StatsPage aggregates = stats(cell);
      int start = cell - inPage(cell);
      for (int stop = Math.min(end, start + ChunkFormat.PAGE_ENTRIES); cell < stop; cell++) {
        int i = cell - start;
        if ((page.flags()[i] & BlockPage.STATS) == 0) {
          return cell;
        }
        int column = page.columns()[i];
        int c = inPage(column);
        if (times == null || column - c != timesAt) {
          times = columns(column);
          timesAt = column - c;
        }
        aggregates.get(i, times.rows()[c], times.first()[c], times.last()[c], holder);
        if (holder.count > 0) {
          out.accept(holder);
        }
      }
    }
    return end;
  }

  /** What the aggregates of a cell do not know, as bits; they hold some value there. */
  public int lacks(int cell) {
    return (flags(cell) & 0xFF) >> BlockPage.LACKS_SHIFT;
  }

  /**
   * Appends all rows of a block.
   *
   * @return true if none of the values is NaN or infinite, as far as is known
   */
  public boolean read(int block, SampleColumns into, ChunkScratch scratch) {
    BlockPage page = blocks(block);
    int i = inPage(block);
    int column = page.columns()[i];
    int n = columns(column).rows()[inPage(column)];
    long[] times = scratch.times(this, column, n);
    int at = into.size;
    into.ensure(n);
    System.arraycopy(times, 0, into.times, at, n);
    int length = page.offsets()[i + 1] - page.offsets()[i];
    int startBytes = page.startBytes(i);
    long offset = footer.start(Section.VALUES) + page.base() + page.offsets()[i];
    FileWindow window = scratch.values.of(this);
    int inBuffer = window.fetch(this, offset, length, footer.end(Section.VALUES));
    byte[] bytes = window.bytes();
    boolean finite = false;
    try {
      if ((page.flags()[i] & BlockPage.HISTOGRAM) != 0) {
        readHistograms(bytes, inBuffer, length - startBytes, n, into, scratch);
      } else {
        if (into.histograms != null) {
          Arrays.fill(into.histograms, at, at + n, null);
        }
        scratch.floats.decode(bytes, inBuffer, length - startBytes, n, into.values, at);
        finite = scratch.floats.isFinite();
      }
      readStarts(bytes, inBuffer + length - startBytes, startBytes, n, into, scratch);
    } catch (CorruptDataException e) {
      throw new CorruptDataException(
          about.path(), offset, "block " + block + " of VALUES: " + e.getMessage());
    }
    into.size = at + n;
    return finite;
  }

  /** True if all rows of a block are floats and none is a stale marker, as far as is known. */
  public boolean hasValuesOnly(int block) {
    int i = inPage(block);
    return (blocks(block).flags()[i] & BlockPage.STATS) != 0 && !stats(block).hasStale(i);
  }

  /** Appends all rows of a block that has values only, each with value 0. */
  public void readTimes(int block, SampleColumns into, ChunkScratch scratch) {
    int column = column(block);
    int n = columns(column).rows()[inPage(column)];
    long[] times = scratch.times(this, column, n);
    int at = into.size;
    into.ensure(n);
    System.arraycopy(times, 0, into.times, at, n);
    Arrays.fill(into.values, at, at + n, 0);
    if (into.histograms != null) {
      Arrays.fill(into.histograms, at, at + n, null);
    }
    if (into.starts != null) {
      Arrays.fill(into.starts, at, at + n, 0);
    }
    into.size = at + n;
  }

  private static void readHistograms(
      byte[] bytes, int offset, int length, int n, SampleColumns into, ChunkScratch scratch) {
    @Nullable Histogram[] column = into.histograms;
    if (column == null) {
      column = new @Nullable Histogram[into.times.length];
      into.histograms = column;
    }
    scratch.histograms.decode(bytes, offset, length, n, column, into.size);
    for (int i = into.size; i < into.size + n; i++) {
      Histogram histogram = column[i];
      if (histogram == null) {
        throw new CorruptDataException("histogram block", 0, "lacks a row");
      }
      into.values[i] = histogram.sum();
    }
  }

  private static void readStarts(
      byte[] bytes, int offset, int length, int n, SampleColumns into, ChunkScratch scratch) {
    if (length > 0) {
      if (into.starts == null) {
        into.starts = new long[into.times.length];
      }
      scratch.longs.decode(bytes, offset, length, n, into.starts, into.size);
    } else if (into.starts != null) {
      Arrays.fill(into.starts, into.size, into.size + n, 0);
    }
  }

  void decodeTimes(int column, TimeColumnDecoder decoder, FileWindow window, long[] into) {
    TimePage page = columns(column);
    int i = inPage(column);
    int at = fetchTimes(column, window);
    int length = page.offsets()[i + 1] - page.offsets()[i];
    int n = page.rows()[i];
    long offset = timesOffset(page, i);
    try {
      decoder.decode(window.bytes(), at, length, n, into, 0);
    } catch (CorruptDataException e) {
      throw new CorruptDataException(
          about.path(), offset, "column " + column + " of TIMES: " + e.getMessage());
    }
    if (into[0] != page.first()[i] || into[n - 1] != page.last()[i]) {
      throw new CorruptDataException(
          about.path(), offset, "column " + column + " of TIMES has not the ends it should have");
    }
  }

  private long timesOffset(TimePage page, int i) {
    return footer.start(Section.TIMES) + page.base() + page.offsets()[i];
  }

  // --- what a writer takes over ---

  /** The index in the window of a block's bytes. */
  int fetchValues(int block, FileWindow window) {
    BlockPage page = blocks(block);
    int i = inPage(block);
    long offset = footer.start(Section.VALUES) + page.base() + page.offsets()[i];
    return window.fetch(this, offset, bytes(block), footer.end(Section.VALUES));
  }

  /** The index in the window of a time column's bytes. */
  int fetchTimes(int column, FileWindow window) {
    TimePage page = columns(column);
    int i = inPage(column);
    return window.fetch(this, timesOffset(page, i), timeBytes(column), footer.end(Section.TIMES));
  }

  int timeBytes(int column) {
    TimePage page = columns(column);
    int i = inPage(column);
    return page.offsets()[i + 1] - page.offsets()[i];
  }

  int flags(int block) {
    return blocks(block).flags()[inPage(block)];
  }

  int startBytes(int block) {
    return blocks(block).startBytes(inPage(block));
  }

  int column(int block) {
    return blocks(block).columns()[inPage(block)];
  }

  // --- exemplars and metadata ---

  /** Visits the exemplars of some series in a range, in the order in which they were written. */
  public void exemplars(IntPredicate windowIds, TimeRange range, ExemplarVisitor visitor) {
    long start = footer.start(Section.EXEMPLARS);
    byte[] section = mapped(start, footer.end(Section.EXEMPLARS));
    SideSection.readExemplars(section, about.path(), start, windowIds, range, visitor);
  }

  /** Visits all metadata, in the order in which it was written. */
  public void metadata(MetadataVisitor visitor) {
    long start = footer.start(Section.METADATA);
    byte[] section = mapped(start, footer.end(Section.METADATA));
    SideSection.readMetadata(section, about.path(), start, visitor);
  }

  // --- directory pages ---

  private static int inPage(int entry) {
    return entry % ChunkFormat.PAGE_ENTRIES;
  }

  private TimePage columns(int column) {
    return (TimePage) page(column / ChunkFormat.PAGE_ENTRIES);
  }

  private BlockPage blocks(int block) {
    return (BlockPage) page(firstBlockPage + block / ChunkFormat.PAGE_ENTRIES);
  }

  private StatsPage stats(int block) {
    return (StatsPage) page(firstStatsPage + block / ChunkFormat.PAGE_ENTRIES);
  }

  private RowIndex rows() {
    return (RowIndex) page(rowPage);
  }

  private DirectoryPage page(int index) {
    Entry entry = pages.get(index);
    return entry != null ? entry.page() : cache.add(new Entry(pages, index, decode(index)));
  }

  private DirectoryPage decode(int index) {
    if (index == rowPage) {
      // Two numbers of at most ten bytes for each row, and the heads of their columns.
      int most = (int) Math.min(Integer.MAX_VALUE - 8, 20L * footer.series() + 1024);
      return RowIndex.decode(
          reader(footer.start(Section.ROWS), footer.end(Section.ROWS), most),
          footer.series(),
          footer.blocks());
    }
    if (index >= firstStatsPage) {
      return decodeStats(index - firstStatsPage);
    }
    if (index >= firstBlockPage) {
      int page = index - firstBlockPage;
      return BlockPage.decode(
          reader(footer.blockPages(), page),
          entries(page, footer.blocks()),
          footer.columns(),
          length(Section.VALUES));
    }
    return TimePage.decode(
        reader(footer.columnPages(), index),
        entries(index, footer.columns()),
        length(Section.TIMES));
  }

  private StatsPage decodeStats(int page) {
    int first = page * ChunkFormat.PAGE_ENTRIES;
    int[] rows = new int[entries(page, footer.blocks())];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = count(first + i);
    }
    return new StatsPageDecoder(reader(footer.statsPages(), page), blocks(first)).decode(rows);
  }

  private static int entries(int page, int all) {
    return Math.min(ChunkFormat.PAGE_ENTRIES, all - page * ChunkFormat.PAGE_ENTRIES);
  }

  private long length(Section section) {
    return footer.end(section) - footer.start(section);
  }

  private PageReader reader(long[] starts, int page) {
    return reader(starts[page], starts[page + 1], MOST_PAGE_BYTES);
  }

  private PageReader reader(long start, long end, int most) {
    return new PageReader(mapped(start, end), about.path(), start, most);
  }

  // --- bytes ---

  /** A copy of a stretch of the mapping, proven. */
  private byte[] mapped(long start, long end) {
    for (long at = pageStart(start); at < end; at += ChunkFormat.PAGE_BYTES) {
      int page = (int) (at / ChunkFormat.PAGE_BYTES);
      if (!isProven(page)) {
        long length = Math.min(ChunkFormat.PAGE_BYTES, footer.end(Section.METADATA) - at);
        check(page, Crc32c.of(mapped.asSlice(at, length).asByteBuffer()));
      }
    }
    return mapped.asSlice(start, end - start).toArray(ValueLayout.JAVA_BYTE);
  }

  void readFully(long position, byte[] into, int length) {
    try {
      file.readFully(position, into, 0, length);
    } catch (IOException e) {
      throw new UncheckedIOException(about.path() + ": " + e.getMessage(), e);
    }
  }

  long pageStart(long offset) {
    return offset - offset % ChunkFormat.PAGE_BYTES;
  }

  long pageEnd(long offset) {
    return Math.min(footer.end(Section.METADATA), pageStart(offset + ChunkFormat.PAGE_BYTES - 1));
  }

  private boolean isProven(int page) {
    return (proven.getOpaque(page >> 6) & 1L << page) != 0;
  }

  /** True if the checksums of all pages that a stretch touches were checked. */
  boolean isProven(long start, long end) {
    for (long at = pageStart(start); at < end; at += ChunkFormat.PAGE_BYTES) {
      if (!isProven((int) (at / ChunkFormat.PAGE_BYTES))) {
        return false;
      }
    }
    return true;
  }

  /** Checks the checksums of whole pages. */
  void prove(long start, byte[] bytes, int length) {
    for (int at = 0; at < length; at += ChunkFormat.PAGE_BYTES) {
      int page = (int) ((start + at) / ChunkFormat.PAGE_BYTES);
      check(page, Crc32c.of(bytes, at, Math.min(ChunkFormat.PAGE_BYTES, length - at)));
    }
  }

  private void check(int page, int checksum) {
    if (checksum != footer.checksums()[page]) {
      throw new CorruptDataException(about.path(), pageOffset(page), problem(page));
    }
    proven.getAndUpdate(page >> 6, bits -> bits | 1L << page);
  }

  private static long pageOffset(int page) {
    return (long) page * ChunkFormat.PAGE_BYTES;
  }

  private String problem(int page) {
    long start = pageOffset(page);
    long end = pageEnd(start + 1);
    String first = footer.sectionAt(start);
    String last = footer.sectionAt(end - 1);
    return "checksum of bytes "
        + start
        + " to "
        + end
        + " ("
        + (first.equals(last) ? first : first + " to " + last)
        + ") does not match";
  }

  /**
   * Reads the whole file, checks every page and the SHA-256 that the manifest has, and decodes the
   * directory; reports each problem as a sentence with path, section and offset.
   */
  public void verify(Consumer<String> problem) {
    MessageDigest digest = PagedOutput.sha256();
    byte[] buffer = new byte[ChunkFormat.PAGE_BYTES];
    boolean damaged = false;
    try {
      long pagesEnd = footer.end(Section.METADATA);
      for (long at = 0; at < about.bytes(); ) {
        long end = at < pagesEnd ? pageEnd(at + 1) : about.bytes();
        int length = (int) Math.min(buffer.length, end - at);
        file.readFully(at, buffer, 0, length);
        digest.update(buffer, 0, length);
        if (at < pagesEnd) {
          int page = (int) (at / ChunkFormat.PAGE_BYTES);
          if (Crc32c.of(buffer, 0, length) != footer.checksums()[page]) {
            problem.accept(about.path() + " at byte " + at + ": " + problem(page));
            damaged = true;
          }
        }
        at += length;
      }
    } catch (IOException e) {
      problem.accept(about.path() + ": " + e.getMessage());
      return;
    }
    if (damaged) {
      return;
    }
    if (!HexFormat.of().formatHex(digest.digest()).equals(about.sha256())) {
      problem.accept(about.path() + ": SHA-256 is not the one in the manifest");
    }
    for (int page = 0; page <= rowPage; page++) {
      try {
        decode(page);
      } catch (CorruptDataException e) {
        problem.accept(String.valueOf(e.getMessage()));
      }
    }
  }

  /** Heap that tables and decoded pages of this file take at the moment. */
  public long residentBytes() {
    long bytes = 500 + footer.residentBytes() + 8L * proven.length() + 4L * pages.length();
    for (int i = 0; i < pages.length(); i++) {
      Entry entry = pages.get(i);
      bytes += entry == null ? 0 : entry.bytes();
    }
    return bytes;
  }

  /** Ends the reading; the mapping stays until its arena is closed. */
  @Override
  public void close() throws IOException {
    cache.forget(pages);
    file.close();
  }
}
