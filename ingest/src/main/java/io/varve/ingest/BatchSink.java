package io.varve.ingest;

import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.model.WriteBatch;

/** Where batches go: {@code Engine::append}. Any thread may call it. */
@FunctionalInterface
public interface BatchSink {
  /**
   * Stores a batch; nothing of it is kept after the return.
   *
   * @throws io.varve.engine.StaleGenerationException if series were renumbered since the batch
   *     found their ids
   * @throws io.varve.engine.LimitExceededException if a memory limit stands in the way at present
   * @throws io.varve.engine.StorageStoppedException if the store takes no writes at present
   */
  WriteResult append(WriteBatch batch, WriteMode mode);
}
