package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Compares cells with the samples that they are made of. */
final class CellCheck {
  private CellCheck() {}

  /** Every cell of a series in about a range must be what its samples are. */
  static void cellsAreTheirSamples(
      SeriesReader reader, int series, TimeRange range, Random random) {
    long width = new long[] {5_000, 20_000, 60_000}[random.nextInt(3)];
    cellsAreTheirSamples(reader, series, range, width, random);
  }

  /** The same with cells of a width. */
  static void cellsAreTheirSamples(
      SeriesReader reader, int series, TimeRange range, long width, Random random) {
    long start = Math.floorDiv(range.startExclusive(), width) * width;
    long end = Math.max(start + width, Math.floorDiv(range.endInclusive(), width) * width);
    SampleColumns rows = new SampleColumns();
    CellColumns cells = new CellColumns();
    int first = series - random.nextInt(Math.min(series, 3) + 1);
    List<CellColumns> together = new ArrayList<>();
    for (int other = first; other < series; other++) {
      together.add(new CellColumns());
    }
    together.add(cells);
    int parts = random.nextInt(CellPart.ALL + 1);
    int both = CellPart.FIRST.bit() | CellPart.RESETS.bit();
    reader.cells(first, new TimeRange(start, end), width, parts, together);
    if (!cells.isKnown()) {
      reader.read(series, new TimeRange(start, end), rows);
      boolean special = false;
      for (int i = 0; i < rows.size; i++) {
        special |= !Double.isFinite(rows.values[i]) && !StaleMarker.is(rows.values[i]);
        special |= Math.abs(rows.values[i]) > 1e100; // whose sums may be infinite
      }
      assertThat(special).as("has what cells cannot express").isTrue();
      return;
    }
    assertThat(cells.size()).isEqualTo((int) ((end - start) / width));
    RangeAggregate expected = new RangeAggregate();
    RangeAggregate found = new RangeAggregate();
    for (int cell = 0; cell < cells.size(); cell++) {
      long from = start + cell * width;
      reader.read(series, new TimeRange(from, from + width), rows);
      expected.clear();
      for (int i = 0; i < rows.size; i++) {
        if (!StaleMarker.is(rows.values[i])) {
          expected.add(rows.times[i], rows.values[i]);
        }
      }
      found.clear();
      cells.appendTo(cell, found);
      assertThat(found.count).isEqualTo(expected.count);
      assertThat(found.lastTime).isEqualTo(expected.lastTime);
      assertThat(found.last).isEqualTo(expected.last);
      if ((parts & CellPart.FIRST.bit()) != 0) {
        assertThat(found.first).isEqualTo(expected.first);
        assertThat(found.firstTime).isEqualTo(expected.firstTime);
      }
      if ((parts & both) == both) {
        assertThat(found.resets).isEqualTo(expected.resets);
      }
      if ((parts & CellPart.BOUNDS.bit()) != 0) {
        assertThat(found.min).isEqualTo(expected.min);
        assertThat(found.max).isEqualTo(expected.max);
      }
      if (expected.max > 1e100 || expected.min < -1e100) {
        continue; // whose sums lose all else, or overflow
      }
      if ((parts & CellPart.SUM.bit()) != 0) {
        double difference = found.sum + found.sumLow - expected.sum - expected.sumLow;
        assertThat(Math.abs(difference) / Math.max(1, Math.abs(expected.sum))).isLessThan(1e-12);
      }
      if ((parts & both) == both) {
        double lost = found.resetCorrection - expected.resetCorrection;
        assertThat(Math.abs(lost) / Math.max(1, expected.resetCorrection)).isLessThan(1e-12);
      }
    }
  }
}
