package io.varve.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What a batch keeps, and what it forgets, from request to request. */
final class WriteBatchTest {
  @SuppressWarnings("ReferenceEquality") // it is about references
  private static long rowsWith(WriteBatch batch, byte[] array) {
    return Arrays.stream(batch.labelArray).filter(held -> held == array).count();
  }

  private static void request(WriteBatch batch, int rows, byte[] body, byte[] own) {
    batch.clear();
    for (int i = 0; i < rows; i++) {
      byte[] labels = i % 3 == 2 ? own : body;
      assertThat(batch.addSeries(i, labels, i, 1)).isEqualTo(i);
      batch.addSample(i, 1, 2, 0);
    }
    for (int i = 0; i < rows; i++) {
      assertThat(batch.labelArray[i]).isSameAs(i % 3 == 2 ? own : body);
      assertThat(batch.labelOffset[i]).isEqualTo(i);
    }
  }

  @Test
  void onlyTheBufferOfTheLastRequestIsKept() {
    WriteBatch batch = new WriteBatch();
    byte[] first = new byte[300];
    byte[] second = new byte[300];
    byte[] own = new byte[300];
    request(batch, 200, first, own);
    batch.clear();
    assertThat(rowsWith(batch, own)).isZero();
    request(batch, 10, second, own);
    batch.clear();
    assertThat(rowsWith(batch, own)).isZero();
    assertThat(rowsWith(batch, first)).as("the buffer of the request before").isZero();
    request(batch, 100, second, own);
    request(batch, 3, first, first);
    batch.clear();
    assertThat(rowsWith(batch, second)).isZero();
    assertThat(batch.seriesCount).isZero();
    assertThat(batch.sampleCount).isZero();
  }
}
