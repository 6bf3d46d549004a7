package io.varve.engine.partition;

import io.varve.engine.model.Metadata;

/** Takes metadata out of a chunk file. */
public interface MetadataVisitor {
  /** What is said about a metric of a tenant. */
  void metadata(String tenant, String metric, Metadata metadata);
}
