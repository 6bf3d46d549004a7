package io.varve.engine.partition;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.TimeRange;
import java.util.function.IntPredicate;

/** Exemplars and metadata of a chunk file: pages, each with its length in front. */
final class SideSection {
  private static final int PAGE_ENTRIES = 1024;
  private static final int PAGE_BYTES = 64 << 10;
  private static final int MOST_PAGE_BYTES = 64 << 20;

  private SideSection() {}

  /** Appends a packed page and its length. */
  private static void end(PageWriter page, ByteWriter packed, ByteWriter out) {
    packed.reset();
    page.end(packed);
    out.varint(packed.size());
    out.bytes(packed.array(), 0, packed.size());
  }

  /** The next page of a section. */
  private static PageReader next(ByteReader section, String path, long start) {
    int length = section.count(section.remaining());
    long offset = start + section.position();
    return new PageReader(section.bytes(length), path, offset, MOST_PAGE_BYTES);
  }

  /** Exemplars on their way into the section. */
  static final class Exemplars {
    private final LongList windowIds = new LongList();
    private final LongList times = new LongList();
    private final LongList bits = new LongList();
    private final LongList lengths = new LongList();
    private final ByteWriter labels = new ByteWriter(256);
    private final ByteWriter packed = new ByteWriter(256);
    private final ByteWriter out = new ByteWriter(256);

    void add(
        PageWriter page,
        int windowId,
        long time,
        double value,
        byte[] from,
        int offset,
        int length) {
      windowIds.add(windowId);
      times.add(time);
      bits.add(Double.doubleToRawLongBits(value));
      lengths.add(length);
      labels.bytes(from, offset, length);
      if (windowIds.size == PAGE_ENTRIES || labels.size() > PAGE_BYTES) {
        endPage(page);
      }
    }

    private void endPage(PageWriter page) {
      page.body().varint(windowIds.size);
      page.column(windowIds);
      page.column(times);
      page.column(bits);
      page.column(lengths);
      page.body().bytes(labels.array(), 0, labels.size());
      end(page, packed, out);
      windowIds.clear();
      times.clear();
      bits.clear();
      lengths.clear();
      labels.reset();
    }

    /** The whole section. */
    ByteWriter finish(PageWriter page) {
      if (windowIds.size > 0) {
        endPage(page);
      }
      return out;
    }
  }

  /**
   * Reads all pages of the section.
   *
   * @param bytes the section
   * @param start where it begins in the file
   */
  static void readExemplars(
      byte[] bytes,
      String path,
      long start,
      IntPredicate wanted,
      TimeRange range,
      ExemplarVisitor visitor) {
    ByteReader section = new ByteReader().on(bytes, 0, bytes.length, path, start);
    while (!section.atEnd()) {
      PageReader page = next(section, path, start);
      int n = page.in().count(PAGE_ENTRIES);
      int[] windowIds = page.column(n, Integer.MAX_VALUE, "window id");
      long[] times = page.column(n);
      long[] bits = page.column(n);
      int[] lengths = page.column(n, Integer.MAX_VALUE, "label bytes");
      for (int i = 0; i < n; i++) {
        int at = page.in().skip(lengths[i]);
        if (range.contains(times[i]) && wanted.test(windowIds[i])) {
          visitor.exemplar(
              windowIds[i],
              times[i],
              Double.longBitsToDouble(bits[i]),
              page.in().array(),
              at,
              lengths[i]);
        }
      }
      page.end();
    }
  }

  /** Metadata on its way into the section. */
  static final class MetadataPages {
    private final ByteWriter entries = new ByteWriter(256);
    private final ByteWriter packed = new ByteWriter(256);
    private final ByteWriter out = new ByteWriter(256);
    private int count;

    void add(PageWriter page, String tenant, String metric, Metadata about) {
      entries.string(tenant);
      entries.string(metric);
      entries.string(about.type());
      entries.string(about.unit());
      entries.string(about.help());
      count++;
      if (count == PAGE_ENTRIES || entries.size() > PAGE_BYTES) {
        endPage(page);
      }
    }

    private void endPage(PageWriter page) {
      page.body().varint(count);
      page.body().bytes(entries.array(), 0, entries.size());
      end(page, packed, out);
      entries.reset();
      count = 0;
    }

    /** The whole section. */
    ByteWriter finish(PageWriter page) {
      if (count > 0) {
        endPage(page);
      }
      return out;
    }
  }

  /**
   * Reads all pages of the section.
   *
   * @param bytes the section
   * @param start where it begins in the file
   */
  static void readMetadata(byte[] bytes, String path, long start, MetadataVisitor visitor) {
    ByteReader section = new ByteReader().on(bytes, 0, bytes.length, path, start);
    while (!section.atEnd()) {
      PageReader page = next(section, path, start);
      ByteReader in = page.in();
      int n = in.count(PAGE_ENTRIES);
      for (int i = 0; i < n; i++) {
        visitor.metadata(
            in.string(), in.string(), new Metadata(in.string(), in.string(), in.string()));
      }
      page.end();
    }
  }
}
