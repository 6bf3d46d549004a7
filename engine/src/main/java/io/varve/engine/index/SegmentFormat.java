package io.varve.engine.index;

/** Numbers of the segment file's format; the package description explains them. */
final class SegmentFormat {
  static final String NAME = "index";
  static final int VERSION = 1;

  /** The common file header and the segment's own identity. */
  static final int HEADER_BYTES = 80;

  static final int PAGE_SHIFT = 16;
  static final int PAGE_BYTES = 1 << PAGE_SHIFT;
  static final int TRAILER_BYTES = 32;
  static final int END_MAGIC = 0x58444956; // "VIDX"

  /** Bytes per tenant in the tenant table at the end of the body. */
  static final int TENANT_BYTES = 16;

  /** Bytes per run in the table of runs. */
  static final int RUN_BYTES = 8;

  /** Values per dictionary block, and bytes per block in the table of blocks. */
  static final int BLOCK_VALUES = 16;

  static final int BLOCK_BYTES = 8;

  /** A run of label records has at most so many series. */
  static final int MOST_IN_RUN = 4096;

  /** A list of deltas has at most so many ids. */
  static final int MOST_IN_LIST = 1024;

  /** Postings: a range of ids, a list of deltas, a Roaring bitmap. */
  static final int RANGE = 0;

  static final int LIST = 1;
  static final int ROARING = 2;
  static final int POSTING_KIND_BITS = 2;

  /** Columns of label records: one value, a repeating staircase of values, packed bits. */
  static final int CONSTANT = 0;

  static final int STAIRS = 1;
  static final int PACKED = 2;
  static final int COLUMN_KIND_BITS = 2;

  private SegmentFormat() {}

  static int pages(long bodyBytes) {
    return (int) ((bodyBytes + PAGE_BYTES - 1) >>> PAGE_SHIFT);
  }

  static int blocks(int values) {
    return (values + BLOCK_VALUES - 1) / BLOCK_VALUES;
  }
}
