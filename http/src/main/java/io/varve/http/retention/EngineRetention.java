package io.varve.http.retention;

import io.varve.engine.DiskLimits;
import io.varve.engine.Engine;
import io.varve.engine.EngineStats;
import io.varve.engine.RetentionPlan;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.http.api.RetentionSource;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.reload.Reloadable;
import io.varve.http.reload.SharedPart;
import io.varve.http.reload.Sharing;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The retention of an engine: tells of it, and takes changed settings to it. Any thread. */
public final class EngineRetention implements RetentionSource, Reloadable, SharedPart {
  private static final int ROOM = 256;

  private final Supplier<Engine> engine;
  private final @Nullable Sharing sharing;
  private volatile RetentionPolicy own;

  /**
   * Of a server that starts.
   *
   * @param engine is there when it is asked
   * @param sharing null if what the configuration says is in force; else {@link #take} says what is
   */
  public EngineRetention(ServerConfig config, Supplier<Engine> engine, @Nullable Sharing sharing) {
    this.engine = engine;
    this.sharing = sharing;
    own = config.retentionPolicy();
  }

  @Override
  public RetentionPolicy policy() {
    return engine.get().retention();
  }

  @Override
  public DiskLimits limits() {
    return engine.get().diskLimits();
  }

  @Override
  public long horizon(long keepMillis) {
    return engine.get().retentionHorizon(keepMillis);
  }

  @Override
  public RetentionPlan plan(RetentionPolicy policy, DiskLimits limits) throws IOException {
    return engine.get().retentionPlan(policy, limits);
  }

  @Override
  public EngineStats stats() {
    return engine.get().stats();
  }

  @Override
  public Set<String> settings() {
    return Set.of("storage.retention", "retention");
  }

  @Override
  public Runnable prepare(ServerConfig next) {
    RetentionPolicy policy = next.retentionPolicy();
    Sharing all = sharing;
    return () -> {
      own = policy;
      if (all == null) {
        engine.get().setRetention(policy);
      } else {
        all.publish(this);
      }
      engine.get().setDiskLimits(next.retention().disk());
    };
  }

  @Override
  public String name() {
    return "retention";
  }

  /** The bytes of the policy in hexadecimal. */
  @Override
  public String own() {
    ByteWriter out = new ByteWriter(ROOM);
    own.encode(out);
    return HexFormat.of().formatHex(out.toByteArray());
  }

  private static RetentionPolicy parsed(String text) {
    try {
      byte[] bytes = HexFormat.of().parseHex(text);
      return RetentionPolicy.decode(new ByteReader(bytes, "retention of the cluster"));
    } catch (IllegalArgumentException | CorruptDataException e) {
      throw new ConfigException("retention of the cluster: " + e.getMessage());
    }
  }

  @Override
  public void check(String text) {
    var _ = parsed(text);
  }

  @Override
  public void take(String text) {
    engine.get().setRetention(parsed(text));
  }
}
