package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IntPiecesTest {
  private static final int SIZE = 3 * (1 << 14) + 77; // several pieces, the last one not full

  @Test
  void holdsWhatAnArrayHolds() {
    int[] model = new Random(5).ints(SIZE, 0, 1000).toArray();
    IntPieces list = new IntPieces();
    for (int i = 0; i < SIZE; i++) {
      list.add(-1);
      list.set(i, model[i]);
      assertThat(list.size()).isEqualTo(i + 1);
    }
    assertThat(IntStream.range(0, SIZE).map(list::get).toArray()).isEqualTo(model);

    int[] number = new Random(6).ints(1000).toArray();
    list.renumber(number);
    int[] into = new int[SIZE];
    list.copy(0, SIZE, into);
    assertThat(into).isEqualTo(IntStream.of(model).map(value -> number[value]).toArray());
  }

  @Test
  void copiesAcrossPieces() {
    IntPieces list = new IntPieces();
    for (int i = 0; i < SIZE; i++) {
      list.add(i);
    }
    int[] into = new int[20_000];
    list.copy(16_383, 20_000, into);
    assertThat(into).isEqualTo(IntStream.range(16_383, 36_383).toArray());
    list.copy(16_384, 0, into);
    assertThat(into[0]).isEqualTo(16_383);
  }
}
