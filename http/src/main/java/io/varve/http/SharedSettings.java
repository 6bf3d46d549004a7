package io.varve.http;

import io.varve.engine.Engine;
import io.varve.engine.FeatureLevel;
import io.varve.engine.NotLeadingException;
import io.varve.engine.StorageStoppedException;
import io.varve.http.config.ConfigException;
import io.varve.http.reload.Reloadable;
import io.varve.http.reload.SharedPart;
import io.varve.http.reload.Sharing;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Settings that all nodes of a cluster have in common: which they are stands in the replicated log.
 * The first node that leads a new cluster puts its own there. From then on a node that is told to
 * reload its configuration takes what stands in its files to all; a start does not, so a node that
 * was away with old files changes nothing. Any thread.
 */
final class SharedSettings implements Sharing {
  private static final System.Logger LOG = System.getLogger(SharedSettings.class.getName());
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(15);
  private static final long PAUSE_MILLIS = 200;

  private final Supplier<@Nullable OpenStore> store;
  private final ToLeader toLeader;
  private volatile List<SharedPart> parts = List.of();
  private volatile IntSupplier knownToAll = () -> 0;
  private volatile Set<String> differing = Set.of();

  /** What was told of already, by part. */
  private final Map<String, String> tooMuch = new ConcurrentHashMap<>();

  // Guarded by this.
  private final Map<String, String> taken = new HashMap<>();
  private @Nullable Engine takenOf;

  /** Hands what is to be in common to the node that leads. */
  interface ToLeader {
    /**
     * Returns when the leader has it.
     *
     * @throws IOException if it does not take it now
     */
    void post(String name, String text) throws IOException;
  }

  /**
   * Nothing is in common yet.
   *
   * @param store what is open, null if nothing is
   */
  SharedSettings(Supplier<@Nullable OpenStore> store, ToLeader toLeader) {
    this.store = store;
    this.toLeader = toLeader;
  }

  /**
   * The parts, before there is a store.
   *
   * @param known the highest feature level that all nodes of the cluster know; 0 if some have not
   *     told
   */
  void begin(List<SharedPart> all, IntSupplier known) {
    parts = List.copyOf(all);
    knownToAll = known;
  }

  /** Names of the parts in which this node's configuration differs from what is in force. */
  Set<String> differing() {
    return differing;
  }

  /**
   * Puts into force what is in common by now. At the node that leads, what is not yet in common
   * becomes so.
   */
  void look() {
    OpenStore now = store.get();
    if (now == null) {
      return;
    }
    try {
      if (now.engine().replica().leads()) {
        found(now.engine());
      }
      take(now.engine());
    } catch (StorageStoppedException | IllegalArgumentException e) {
      LOG.log(System.Logger.Level.DEBUG, "settings in common wait", e);
    }
  }

  private void found(Engine engine) {
    SortedMap<String, String> there = engine.sharedSettings();
    for (SharedPart part : parts) {
      String text = there.get(part.name());
      String next = text == null ? part.own() : part.amended(text);
      if (next != null) {
        found(engine, part, next);
      }
    }
    int known = knownToAll.getAsInt();
    if (known > FeatureLevel.of(there)) {
      LOG.log(System.Logger.Level.INFO, "all nodes know features up to level " + known);
      engine.share(FeatureLevel.SETTING, Integer.toString(known));
    }
  }

  /** What cannot be in common holds up nothing else. */
  private void found(Engine engine, SharedPart part, String text) {
    try {
      engine.share(part.name(), text);
    } catch (IllegalArgumentException e) {
      if (!text.equals(tooMuch.put(part.name(), text))) {
        LOG.log(
            System.Logger.Level.ERROR,
            part.name() + " of this node cannot be those of the cluster: " + e.getMessage());
      }
    }
  }

  private synchronized void take(Engine engine) {
    if (engine != takenOf) {
      taken.clear();
      takenOf = engine;
    }
    SortedMap<String, String> there = engine.sharedSettings();
    Set<String> others = new TreeSet<>();
    for (SharedPart part : parts) {
      String text = there.get(part.name());
      if (text == null) {
        continue;
      }
      if (!text.equals(taken.get(part.name()))) {
        take(part, text);
        taken.put(part.name(), text);
      }
      if (!part.agrees(text)) {
        others.add(part.name());
        if (!differing.contains(part.name())) {
          LOG.log(
              System.Logger.Level.WARNING,
              part.name()
                  + ": what is in force in the cluster differs from this node's configuration"
                  + (part instanceof Reloadable
                      ? "; a reload of this node takes its own to all"
                      : ""));
        }
      }
    }
    differing = others;
  }

  private static void take(SharedPart part, String text) {
    try {
      part.take(text);
    } catch (ConfigException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          part.name() + " of the cluster are not in force at this node: " + e.getMessage());
    }
  }

  @Override
  public void publish(SharedPart part) {
    String text = part.own();
    long begin = System.nanoTime();
    Exception last;
    do {
      try {
        OpenStore now = store.get();
        if (now != null && now.engine().replica().leads()) {
          share(now.engine(), part, text);
        } else {
          toLeader.post(part.name(), text);
        }
        return;
      } catch (IOException | StorageStoppedException | IllegalArgumentException e) {
        last = e;
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    } while (System.nanoTime() - begin < PATIENCE_NANOS);
    throw new ConfigException(
        part.name()
            + ": the cluster has not taken them over, reload once more: "
            + last.getMessage());
  }

  private void share(Engine engine, SharedPart part, String text) {
    if (!text.equals(engine.sharedSettings().get(part.name()))) {
      engine.share(part.name(), text);
      LOG.log(System.Logger.Level.INFO, part.name() + ": all nodes take over other ones");
    }
    take(engine);
  }

  /**
   * Puts a setting in common; at the node that leads.
   *
   * @throws StorageStoppedException if this node does not lead, or cannot write
   */
  void put(String name, String text) {
    OpenStore now = store.get();
    if (now == null) {
      throw new NotLeadingException("the store of this node is not open");
    }
    now.engine().share(name, text);
    take(now.engine());
  }

  /**
   * Takes from another node what is to be in common, if this one leads.
   *
   * @throws ConfigException if it cannot be in force here
   * @throws StorageStoppedException if this node does not lead, or cannot write
   */
  void accept(String name, String text) {
    SharedPart part =
        parts.stream()
            .filter(one -> one.name().equals(name))
            .findAny()
            .orElseThrow(() -> new ConfigException("this version does not share " + name));
    part.check(text);
    OpenStore now = store.get();
    if (now == null) {
      throw new NotLeadingException("the store of this node is not open");
    }
    share(now.engine(), part, text);
  }
}
