package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Ids are dealt to their buckets and stay in order there. */
final class BucketOrderTest {
  @Test
  void dealsInOrder() {
    SplittableRandom random = new SplittableRandom(7);
    for (int buckets : new int[] {1, 2, 8, 64}) {
      int[] ids = random.ints(300, 0, 1_000_000).toArray();
      int[] bucketAt = IntStream.range(0, ids.length).map(i -> random.nextInt(buckets)).toArray();
      BucketOrder dealt = BucketOrder.of(ids, i -> bucketAt[i], buckets);
      assertThat(dealt.buckets()).isEqualTo(buckets);
      for (int b = 0; b < buckets; b++) {
        int bucket = b;
        assertThat(Arrays.copyOfRange(dealt.ids(), dealt.start(b), dealt.end(b)))
            .isEqualTo(
                IntStream.range(0, ids.length)
                    .filter(i -> bucketAt[i] == bucket)
                    .map(i -> ids[i])
                    .toArray());
      }
      assertThat(dealt.end(buckets - 1)).isEqualTo(ids.length);
    }
  }

  @Test
  void nothingIsDealtToEmptyBuckets() {
    BucketOrder dealt = BucketOrder.of(new int[0], i -> 0, 4);
    assertThat(dealt.end(3)).isZero();
  }
}
