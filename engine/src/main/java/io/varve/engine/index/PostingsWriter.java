package io.varve.engine.index;

import io.varve.engine.format.ByteWriter;

/** Encodes posting lists, each in the smallest of three forms. Not thread-safe. */
final class PostingsWriter {
  private final int tenantFirstId;
  private final ByteWriter list = new ByteWriter(4096);
  private final ByteWriter bitmap = new ByteWriter(4096);

  /**
   * @param tenantFirstId id of the tenant's first series: small forms count from it
   */
  PostingsWriter(int tenantFirstId) {
    this.tenantFirstId = tenantFirstId;
  }

  /** Appends ascending ids in {@code ids[from, to)}, at least one. */
  void write(int[] ids, int from, int to, ByteWriter out) {
    long count = (long) to - from;
    if (ids[to - 1] - ids[from] == count - 1) {
      out.varint(count << SegmentFormat.POSTING_KIND_BITS | SegmentFormat.RANGE);
      out.varint(ids[from] - tenantFirstId);
      return;
    }
    bitmap.reset();
    RoaringFormat.write(ids, from, to, bitmap);
    if (count <= SegmentFormat.MOST_IN_LIST) {
      list.reset();
      list.varint(ids[from] - tenantFirstId);
      for (int i = from + 1; i < to; i++) {
        list.varint(ids[i] - ids[i - 1] - 1);
      }
      if (list.size() <= bitmap.size()) {
        out.varint(count << SegmentFormat.POSTING_KIND_BITS | SegmentFormat.LIST);
        out.bytes(list.array(), 0, list.size());
        return;
      }
    }
    out.varint(count << SegmentFormat.POSTING_KIND_BITS | SegmentFormat.ROARING);
    out.bytes(bitmap.array(), 0, bitmap.size());
  }
}
