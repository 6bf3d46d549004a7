package io.varve.http.api;

import io.varve.engine.DiskLimits;
import io.varve.engine.EngineStats;
import io.varve.engine.RetentionPlan;
import io.varve.engine.policy.RetentionPolicy;
import java.io.IOException;

/** What the endpoints of the retention ask of an engine. Any thread. */
public interface RetentionSource {
  /** The policy in force. */
  RetentionPolicy policy();

  /** The limits of the disk that hold. */
  DiskLimits limits();

  /** The time up to which samples are too old that are kept so long; the smallest for none. */
  long horizon(long keepMillis);

  /** What a policy and limits would let go of. */
  RetentionPlan plan(RetentionPolicy policy, DiskLimits limits) throws IOException;

  /** What is stored and what went. */
  EngineStats stats();
}
