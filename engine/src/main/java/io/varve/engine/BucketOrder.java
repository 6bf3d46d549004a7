package io.varve.engine;

import java.util.function.IntUnaryOperator;

/**
 * Series that are in file order, dealt to their buckets: what is written file after file stays in
 * the processor's caches, which hundreds of files do not share.
 *
 * @param ids the ids of bucket 0 in file order, then those of bucket 1, and so on
 * @param ends where each bucket ends
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares them
record BucketOrder(int[] ids, int[] ends) {
  /**
   * Deals ids to buckets.
   *
   * @param ids in file order
   * @param bucketAt the bucket of the id at an index
   */
  static BucketOrder of(int[] ids, IntUnaryOperator bucketAt, int buckets) {
    if (buckets == 1) {
      return new BucketOrder(ids, new int[] {ids.length});
    }
    int[] bucketOf = new int[ids.length];
    int[] ends = new int[buckets];
    for (int i = 0; i < ids.length; i++) {
      bucketOf[i] = bucketAt.applyAsInt(i);
      ends[bucketOf[i]]++;
    }
    int start = 0;
    for (int bucket = 0; bucket < buckets; bucket++) {
      int size = ends[bucket];
      ends[bucket] = start; // of the next id; the end when all are dealt
      start += size;
    }
    int[] dealt = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      dealt[ends[bucketOf[i]]++] = ids[i];
    }
    return new BucketOrder(dealt, ends);
  }

  int buckets() {
    return ends.length;
  }

  /** Where a bucket begins. */
  int start(int bucket) {
    return bucket == 0 ? 0 : ends[bucket - 1];
  }

  /** Where it ends. */
  int end(int bucket) {
    return ends[bucket];
  }
}
