package io.varve.http;

import io.varve.engine.Engine;
import io.varve.engine.RecoveryProgress;
import io.varve.http.config.ServerConfig;
import java.io.IOException;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** The store of a node that is alone: opened once, with a log of its own. */
final class LocalStore implements StoreKeeper {
  private final ServerConfig config;
  private final AggregatesReload aggregates;
  private final Companions companions;
  private final InstantSource clock;
  private volatile @Nullable OpenStore opened;

  LocalStore(
      ServerConfig config,
      AggregatesReload aggregates,
      Companions companions,
      InstantSource clock) {
    this.config = config;
    this.aggregates = aggregates;
    this.companions = companions;
    this.clock = clock;
  }

  @Override
  public String open(RecoveryProgress progress) throws IOException {
    Engine engine =
        Engine.open(config.engine().withLogHold(config.backup().engineHold()), progress);
    OpenStore now = OpenStore.around(engine, config, aggregates, clock);
    opened = now;
    companions.opened(now);
    companions.leads(now);
    return engine.stats().recovery();
  }

  @Override
  public @Nullable OpenStore current() {
    return opened;
  }

  @Override
  public void quiesce() {
    companions.follows();
    companions.closing();
    OpenStore now = opened;
    if (now != null) {
      now.quiesce();
    }
  }

  @Override
  public void close() throws IOException {
    OpenStore now = opened;
    if (now != null) {
      now.close();
    }
  }
}
