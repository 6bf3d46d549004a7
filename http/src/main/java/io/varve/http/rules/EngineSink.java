package io.varve.http.rules;

import io.varve.engine.Engine;
import io.varve.engine.LimitExceededException;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.intake.LabelLimits;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleSample;
import io.varve.retention.rules.RuleSink;
import java.util.List;

/** Stores what rules of a tenant make as any other samples. Any thread. */
final class EngineSink implements RuleSink {
  private final Engine engine;
  private final LabelLimits limits;
  private final String tenant;

  EngineSink(Engine engine, LabelLimits limits, String tenant) {
    this.engine = engine;
    this.tenant = tenant;
    this.limits = limits;
  }

  @Override
  public void append(List<RuleSample> samples, long timeMillis) {
    WriteBatch batch = new WriteBatch();
    batch.tenant = tenant;
    for (RuleSample sample : samples) {
      byte[] labels = canonical(sample.labels());
      int row = batch.addSeries(WriteBatch.UNKNOWN, labels, 0, labels.length);
      Histogram histogram = sample.histogram();
      if (histogram == null) {
        batch.addSample(row, timeMillis, Double.doubleToRawLongBits(sample.value()), 0);
      } else {
        batch.addHistogram(row, timeMillis, histogram, 0);
      }
    }
    WriteResult result;
    try {
      result = engine.append(batch, WriteMode.PARTIAL);
    } catch (LimitExceededException | StorageStoppedException e) {
      throw new RuleException(String.valueOf(e.getMessage()));
    }
    if (!result.complete()) {
      throw new RuleException(
          result.rejected() + " samples not stored: " + String.join("; ", result.problems()));
    }
  }

  /** The limits are those of any writer: templates may make labels of any size. */
  private byte[] canonical(Labels labels) {
    String exceeded = limits.exceeded(labels);
    if (exceeded != null) {
      throw new RuleException("a series of " + labels.get(Labels.METRIC_NAME) + " has " + exceeded);
    }
    return labels.canonical();
  }
}
