package io.varve.query.exec;

import io.varve.query.function.Absent;
import io.varve.query.histogram.HistogramTable;
import java.util.BitSet;

/**
 * Columns of steps for many series, in few large arrays: row {@code r} lies in {@link #array} from
 * {@link #offset} on. One writer per row at a time; charged to the query until {@link #release}.
 */
final class StepMatrix {
  private static final int CHUNK_VALUES = 1 << 16;

  private final QueryContext query;
  private final int rows;
  private final int steps;
  private final int rowsPerChunk;
  private final double[][] chunks;
  private long charged;

  /** A matrix of arbitrary content. */
  StepMatrix(QueryContext query, int rows, int steps) {
    this.query = query;
    this.rows = rows;
    this.steps = steps;
    this.rowsPerChunk = Math.max(1, CHUNK_VALUES / Math.max(1, steps));
    this.charged = 8L * rows * steps;
    query.chargeBytes(charged);
    int count = rows == 0 ? 0 : (rows - 1) / rowsPerChunk + 1;
    chunks = new double[count][];
    for (int i = 0; i < count; i++) {
      chunks[i] = new double[Math.min(rowsPerChunk, rows - i * rowsPerChunk) * steps];
    }
  }

  /** The same, all absent. */
  static StepMatrix absent(QueryContext query, int rows, int steps) {
    StepMatrix matrix = new StepMatrix(query, rows, steps);
    for (double[] chunk : matrix.chunks) {
      Absent.fill(chunk, 0, chunk.length);
    }
    return matrix;
  }

  int rows() {
    return rows;
  }

  int steps() {
    return steps;
  }

  double[] array(int row) {
    return chunks[row / rowsPerChunk];
  }

  int offset(int row) {
    return row % rowsPerChunk * steps;
  }

  double get(int row, int step) {
    return array(row)[offset(row) + step];
  }

  void set(int row, int step, double value) {
    array(row)[offset(row) + step] = value;
  }

  /** Copies a row. */
  void copyRow(int row, double[] out, int at) {
    System.arraycopy(array(row), offset(row), out, at, steps);
  }

  /** Samples in it. */
  long countPresent() {
    long present = 0;
    for (double[] chunk : chunks) {
      present += Absent.countPresent(chunk, 0, chunk.length);
    }
    return present;
  }

  /** Makes absent what is a histogram; returns the steps at which there was any. */
  BitSet blankHistograms() {
    BitSet found = new BitSet();
    for (int row = 0; row < rows; row++) {
      found.or(HistogramTable.blanked(array(row), offset(row), steps, 0));
    }
    return found;
  }

  /** Gives the charge back; whoever calls it drops the matrix. */
  void release() {
    query.releaseBytes(charged);
    charged = 0;
  }
}
