package io.varve.http.remoteread;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import java.io.IOException;
import org.xerial.snappy.Snappy;

/**
 * An answer as one message ({@code prometheus.ReadResponse}): the results in the order of the
 * queries, each begun by {@link #result}. Held in memory whole. Not thread-safe.
 */
public final class SamplesAnswer {
  private final ByteWriter out = new ByteWriter(1 << 16);
  private final ByteWriter result = new ByteWriter(1 << 16);
  private final TimeSeriesMessage series = new TimeSeriesMessage();
  private boolean open;

  /** Nothing yet. */
  public SamplesAnswer() {}

  /** Begins the result of the next query. */
  public void result() {
    endResult();
    open = true;
  }

  /** Adds a series to the result. */
  public void add(Labels labels, SampleColumns rows) {
    series.append(labels, rows, 0, rows.size, result);
  }

  /** Bytes held for what was added. */
  public long heldBytes() {
    return (long) out.array().length + result.array().length + series.heldBytes();
  }

  /** The whole, compressed. */
  public byte[] compressed() throws IOException {
    endResult();
    return Snappy.rawCompress(out.array(), out.size());
  }

  private void endResult() {
    if (open) {
      TimeSeriesMessage.nested(out, 0x0A, result);
      result.reset();
      open = false;
    }
  }
}
