package io.varve.engine.partition;

import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.codec.HistogramBlockEncoder;
import io.varve.engine.codec.LongBlockEncoder;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFile;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.ChunkFormat.Section;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Writes one chunk file: series in file order, of each its blocks in time order, exemplars and
 * metadata at any time in between, then {@link #finish} or {@link #end}. The bytes are a function
 * of what is handed in: no clock, no thread, no chance. For one thread; the owner closes it, and a
 * file that was not ended by then is deleted. After an exception nothing but {@link #close} is of
 * use.
 */
public final class ChunkWriter implements AutoCloseable {
  /** Rows of a cell; what has more takes several of the same time. */
  public static final int MOST_CELL_ROWS = ChunkFormat.MOST_ROWS;

  private final FileSystem fs;
  private final ChunkInfo info;
  private final String path;
  private final StagedFile file;
  private final PagedOutput out;

  private final ChunkEncoders encoders;
  private final boolean ownEncoders;
  private final ByteWriter block;
  private final BlockStats stats;
  private final PageWriter page;

  private final TimeColumns times;
  private final BlockPage.Builder blockPage = new BlockPage.Builder();
  private final StatsPageBuilder statsPage = new StatsPageBuilder();
  private final ByteWriter blockPages = new ByteWriter(1 << 8);
  private final ByteWriter statsPages = new ByteWriter(1 << 8);
  private final LongList blockPageEnds = new LongList();
  private final LongList statsPageEnds = new LongList();
  private final LongList rowIds = new LongList();
  private final LongList rowBlocks = new LongList();
  private final SideSection.Exemplars exemplars = new SideSection.Exemplars();
  private final SideSection.MetadataPages metadata = new SideSection.MetadataPages();

  private int windowId = -1;
  private boolean rowBegun;
  private long rowEnd;
  private int blocks;
  private long samples;
  private long minTime = Long.MAX_VALUE;
  private long maxTime = Long.MIN_VALUE;
  private boolean ended;
  private boolean closed;

  /**
   * Begins the file under a temporary name; makes the folders that are missing.
   *
   * @param windowFolder the window's folder in the data folder
   */
  public ChunkWriter(FileSystem fs, Path dataDir, String windowFolder, ChunkInfo info)
      throws IOException {
    this(fs, dataDir, windowFolder, info, info.fileName(), new ChunkEncoders(), true);
  }

  /**
   * Begins the file under a temporary name; makes the folders that are missing.
   *
   * @param windowFolder the window's folder in the data folder
   * @param encoders shared with other writers of this thread; the caller closes them
   */
  public ChunkWriter(
      FileSystem fs, Path dataDir, String windowFolder, ChunkInfo info, ChunkEncoders encoders)
      throws IOException {
    this(fs, dataDir, windowFolder, info, info.fileName(), encoders, false);
  }

  /**
   * Begins a file of another name than {@link ChunkInfo#fileName}, under a temporary one; makes the
   * folders that are missing.
   *
   * @param windowFolder the window's folder in the data folder
   * @param name path of the file in the window's folder
   * @param encoders shared with other writers of this thread; the caller closes them
   */
  public ChunkWriter(
      FileSystem fs,
      Path dataDir,
      String windowFolder,
      ChunkInfo info,
      String name,
      ChunkEncoders encoders)
      throws IOException {
    this(fs, dataDir, windowFolder, info, name, encoders, false);
  }

  private ChunkWriter(
      FileSystem fs,
      Path dataDir,
      String windowFolder,
      ChunkInfo info,
      String name,
      ChunkEncoders encoders,
      boolean ownEncoders)
      throws IOException {
    this.fs = fs;
    this.info = info;
    this.encoders = encoders;
    this.ownEncoders = ownEncoders;
    this.block = encoders.block;
    this.stats = encoders.stats;
    this.page = encoders.page;
    this.times = new TimeColumns(encoders.times);
    this.path = windowFolder + "/" + name;
    this.file = create(dataDir.resolve(path));
    this.out = new PagedOutput(file.out());
    try {
      write(ChunkFormat.header(info));
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private StagedFile create(Path target) throws IOException {
    try {
      fs.createDirectories(target.resolveSibling(""));
      return StagedFile.create(fs, target);
    } catch (IOException e) {
      closeEncoders();
      throw e;
    }
  }

  /** True once it has samples. */
  public boolean hasSamples() {
    return samples > 0;
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes, 0, bytes.length);
  }

  private void write(ByteWriter bytes) throws IOException {
    out.write(bytes.array(), 0, bytes.size());
  }

  /** Begins the next series in file order; one that gets no block is not in the file. */
  public void series(int id) {
    if (id < 0) {
      throw new IllegalArgumentException("window id " + id);
    }
    windowId = id;
    rowBegun = false;
    rowEnd = Long.MIN_VALUE;
  }

  /**
   * Writes rows {@code [from, to)} as the next block of the series; a few of them if they are
   * histograms with millions of buckets.
   *
   * @param c rows of one kind: all floats or all histograms, at most 65,535, ascending in time and
   *     after the series' last block
   */
  public void add(SampleColumns c, int from, int to) throws IOException {
    int n = to - from;
    if (n < 1 || n > ChunkFormat.MOST_ROWS) {
      throw new IllegalArgumentException("a block of " + n + " rows");
    }
    requireOrder(c.times, from, to);
    boolean histogram = c.histogram(from) != null;
    for (int i = from + 1; i < to; i++) {
      if ((c.histogram(i) != null) != histogram) {
        throw new IllegalArgumentException("a block of floats and histograms");
      }
    }
    @Nullable Histogram[] column = c.histograms;
    if (histogram && column != null) {
      int at = from;
      while (at < to) {
        int part = HistogramBlockEncoder.fitting(column, at, to - at);
        block.reset();
        encoders.histograms.encode(column, at, part, block);
        end(c, at, at + part, BlockPage.HISTOGRAM);
        at += part;
      }
      return;
    }
    block.reset();
    FloatBlockEncoder floats = encoders.floats;
    block.advance(floats.encode(c.values, from, n, block.reserve(floats.maxBytes(n)), 0));
    end(c, from, to, stats.collect(c, from, to) ? BlockPage.STATS : 0);
  }

  /**
   * Notes the aggregates of rows {@code [from, to)} as the next cell of the series; the rows
   * themselves are not written. Only in a file of cells, and nothing else in one.
   *
   * @param c rows of any kind, at most 65,535, ascending in time and after the series' last cell
   * @param lacks what is not to be kept: {@link ChunkReader#LACKS_FIRST} and the like
   */
  public void cell(SampleColumns c, int from, int to, int lacks) throws IOException {
    int n = to - from;
    if (info.cellMillis() == 0 || n < 1 || n > ChunkFormat.MOST_ROWS) {
      throw new IllegalArgumentException(
          "a cell of " + n + " rows in a file of cells of " + info.cellMillis() + " ms");
    }
    requireOrder(c.times, from, to);
    boolean known = stats.collect(c, from, to); // else the cell says that they are there, no more
    if (known && stats.count > 0) {
      stats.forget(lacks);
    }
    index(
        (known ? BlockPage.STATS : 0) | lacks << BlockPage.LACKS_SHIFT,
        times.bare(n, c.times[from], c.times[to - 1]),
        0,
        0);
  }

  /** Takes a cell of another file over as it stands there, as the next cell of the series. */
  public void copyCell(ChunkReader source, int cell) throws IOException {
    if (info.cellMillis() != source.file().info().cellMillis()) {
      throw new IllegalArgumentException("a cell of another width");
    }
    long first = source.minTime(cell);
    long last = source.maxTime(cell);
    requireOrder(new long[] {first}, 0, 1);
    int flags = source.flags(cell) & ~BlockPage.ROW_START;
    if ((flags & BlockPage.STATS) != 0) {
      source.stats(cell, stats);
    }
    index(flags, times.bare(source.count(cell), first, last), 0, 0);
  }

  private void requireOrder(long[] time, int from, int to) {
    if (windowId < 0) {
      throw new IllegalStateException("a block without a series");
    }
    long before = Math.max(rowEnd, info.windowStart());
    for (int i = from; i < to; i++) {
      if (time[i] <= before) {
        throw new IllegalArgumentException(
            "series " + windowId + ": time " + time[i] + " after " + before);
      }
      before = time[i];
    }
    if (before > info.windowEnd()) {
      throw new IllegalArgumentException(
          "series " + windowId + ": time " + before + " is after the window");
    }
  }

  /** Ends a block whose values stand in the buffer. */
  private void end(SampleColumns c, int from, int to, int flags) throws IOException {
    int n = to - from;
    int valueBytes = block.size();
    boolean starts = false;
    if (c.starts != null) {
      for (int i = from; i < to; i++) {
        starts |= c.starts[i] != 0;
      }
      if (starts) {
        LongBlockEncoder longs = encoders.longs;
        int end = longs.encode(c.starts, from, n, block.reserve(longs.maxBytes(n)), valueBytes);
        block.advance(end - valueBytes);
      }
    }
    int column = times.column(c.times, from, n);
    write(block);
    index(flags | (starts ? BlockPage.STARTS : 0), column, block.size(), block.size() - valueBytes);
  }

  /**
   * Takes a block of another file over as it stands there, as the next block of the series.
   *
   * @param scratch with which the source is read
   */
  public void copy(ChunkReader source, int sourceBlock, ChunkScratch scratch) throws IOException {
    long first = source.minTime(sourceBlock);
    long last = source.maxTime(sourceBlock);
    requireOrder(new long[] {first}, 0, 1);
    if (last > info.windowEnd()) {
      throw new IllegalArgumentException(
          "series " + windowId + ": time " + last + " is after the window");
    }
    int sourceColumn = source.column(sourceBlock);
    int column = times.known(source.number(), sourceColumn);
    if (column < 0) {
      FileWindow from = scratch.times.of(source);
      int at = source.fetchTimes(sourceColumn, from);
      column =
          times.copy(
              source.number(),
              sourceColumn,
              source.footer().columns(),
              from.bytes(),
              at,
              source.timeBytes(sourceColumn),
              source.count(sourceBlock),
              first,
              last);
    }
    FileWindow window = scratch.values.of(source);
    int at = source.fetchValues(sourceBlock, window);
    int length = source.bytes(sourceBlock);
    out.write(window.bytes(), at, length);
    int flags = source.flags(sourceBlock) & ~BlockPage.ROW_START;
    if ((flags & BlockPage.STATS) != 0) {
      source.stats(sourceBlock, stats);
    }
    index(flags, column, length, source.startBytes(sourceBlock));
  }

  /** Writes a block down in the directory; its aggregates, if it has some, are in the holder. */
  private void index(int flags, int column, int bytes, int startBytes) throws IOException {
    if (!rowBegun) {
      rowIds.add(windowId);
      rowBlocks.add(0);
    }
    rowBlocks.values[rowBlocks.size - 1]++;
    long first = times.first(column);
    long last = times.last(column);
    if ((flags & BlockPage.STATS) != 0) {
      statsPage.add(stats, !rowBegun, first, last);
    } else {
      statsPage.skip();
    }
    blockPage.add(flags | (rowBegun ? 0 : BlockPage.ROW_START), column, bytes, startBytes);
    rowBegun = true;
    rowEnd = last;
    blocks = Math.addExact(blocks, 1);
    samples += times.rows(column);
    minTime = Math.min(minTime, first);
    maxTime = Math.max(maxTime, last);
    if (blockPage.size() == ChunkFormat.PAGE_ENTRIES) {
      endPages();
    }
  }

  private void endPages() {
    blockPage.encode(page);
    page.end(blockPages);
    blockPageEnds.add(blockPages.size());
    statsPage.encode(page);
    page.end(statsPages);
    statsPageEnds.add(statsPages.size());
  }

  /**
   * Adds an exemplar.
   *
   * @param id window id of its series
   * @param time milliseconds since the epoch
   * @param labels holds its own labels, canonical bytes
   */
  public void exemplar(int id, long time, double value, byte[] labels, int offset, int length) {
    exemplars.add(page, id, time, value, labels, offset, length);
  }

  /** Adds what is said about a metric of a tenant. */
  public void metadata(String tenant, String metric, Metadata about) {
    metadata.add(page, tenant, metric, about);
  }

  /** Which file it is. */
  public ChunkInfo info() {
    return info;
  }

  /** Blocks so far. */
  public int blocks() {
    return blocks;
  }

  /** Bytes in the file so far; the directory comes on top. */
  public long bytes() {
    return out.position() + times.bytes().size();
  }

  /**
   * Ends the file: when this returns, it is on stable storage under its name, and nothing but the
   * manifest is missing.
   */
  public ChunkFile finish() throws IOException {
    try (StagedFiles alone = new StagedFiles(fs, 1)) {
      ChunkFile written = end(alone);
      alone.settle();
      return written;
    }
  }

  /**
   * Ends the file and hands it over: it is durable and has its name when {@code into} is settled.
   */
  public ChunkFile end(StagedFiles into) throws IOException {
    if (ended || closed) {
      throw new IllegalStateException("finished or closed");
    }
    requireDistinctRows();
    long[] sections = new long[Section.COUNT + 1];
    sections[0] = ChunkFormat.HEADER_BYTES;
    sections[Section.TIMES.index] = out.position();
    write(times.bytes());
    sections[Section.COLUMNS.index] = out.position();
    LongList columnPageEnds = new LongList();
    write(columnPages(columnPageEnds));
    sections[Section.BLOCKS.index] = out.position();
    if (blockPage.size() > 0) {
      endPages();
    }
    write(blockPages);
    sections[Section.STATS.index] = out.position();
    write(statsPages);
    sections[Section.ROWS.index] = out.position();
    ByteWriter rows = new ByteWriter(1 << 10);
    RowIndex.encode(rowIds, rowBlocks, page);
    page.end(rows);
    write(rows);
    sections[Section.EXEMPLARS.index] = out.position();
    write(exemplars.finish(page));
    sections[Section.METADATA.index] = out.position();
    write(metadata.finish(page));
    sections[Section.COUNT] = out.position();

    ChunkFooter footer =
        new ChunkFooter(
            info.retentionClass(),
            rowIds.size,
            blocks,
            times.count(),
            samples,
            blocks == 0 ? 0 : minTime,
            blocks == 0 ? 0 : maxTime,
            sections,
            starts(sections, Section.COLUMNS, columnPageEnds),
            starts(sections, Section.BLOCKS, blockPageEnds),
            starts(sections, Section.STATS, statsPageEnds),
            out.endPages());
    ByteWriter tail = new ByteWriter(1 << 10);
    footer.encode(tail);
    byte[] trailer = ChunkFormat.trailer(tail, sections[Section.COUNT]);
    out.writeThrough(tail.array(), tail.size());
    out.writeThrough(trailer, trailer.length);
    ended = true;
    into.add(file);
    closeEncoders();
    return new ChunkFile(
        info,
        path,
        out.position(),
        HexFormat.of().formatHex(out.digest()),
        footer.series(),
        footer.blocks(),
        footer.samples(),
        footer.minTime(),
        footer.maxTime());
  }

  private void requireDistinctRows() {
    long[] sorted = Arrays.copyOf(rowIds.values, rowIds.size);
    Arrays.sort(sorted);
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i] == sorted[i - 1]) {
        throw new IllegalStateException("series " + sorted[i] + " was begun twice");
      }
    }
  }

  private ByteWriter columnPages(LongList ends) {
    ByteWriter pages = new ByteWriter(1 << 10);
    TimePage.Builder builder = new TimePage.Builder();
    for (int column = 0; column < times.count(); column++) {
      builder.add(
          times.rows(column), times.first(column), times.last(column), times.length(column));
      if (builder.size() == ChunkFormat.PAGE_ENTRIES || column == times.count() - 1) {
        builder.encode(page);
        page.end(pages);
        ends.add(pages.size());
      }
    }
    return pages;
  }

  private static long[] starts(long[] sections, Section section, LongList ends) {
    long[] starts = new long[ends.size + 1];
    starts[0] = sections[section.index];
    for (int i = 0; i < ends.size; i++) {
      starts[i + 1] = starts[0] + ends.values[i];
    }
    return starts;
  }

  private void closeEncoders() {
    if (ownEncoders) {
      encoders.close();
    }
  }

  /** Gives the memory back; deletes the file if it was not ended. */
  @Override
  public void close() throws IOException {
    if (ended || closed) {
      return;
    }
    closed = true;
    closeEncoders();
    file.close();
  }
}
