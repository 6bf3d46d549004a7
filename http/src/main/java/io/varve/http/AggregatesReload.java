package io.varve.http;

import io.varve.engine.AggregateRule;
import io.varve.engine.Engine;
import io.varve.http.api.DeclaredAggregates;
import io.varve.http.config.AggregatesConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.reload.Reloadable;
import io.varve.http.reload.SharedPart;
import io.varve.http.reload.Sharing;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells the engine which continuous aggregates there are: those of the configuration, and those
 * that were declared over HTTP and are kept in the store. At the start and when that changes.
 */
public final class AggregatesReload implements Reloadable, SharedPart, DeclaredAggregates {
  private static final System.Logger LOG = System.getLogger(AggregatesReload.class.getName());

  private volatile @Nullable Engine engine;

  /** Of this node's own configuration. */
  private volatile AggregatesConfig own;

  /** In force: the same, or what all nodes of a cluster have. */
  private volatile AggregatesConfig configured;

  private final @Nullable Sharing sharing;

  /**
   * Of a server that starts.
   *
   * @param sharing null if what the configuration says is in force; else {@link #take} says what is
   */
  AggregatesReload(AggregatesConfig atStart, @Nullable Sharing sharing) {
    this.sharing = sharing;
    own = atStart;
    configured = sharing == null ? atStart : new AggregatesConfig(List.of(), atStart.auditMillis());
  }

  /**
   * The store is open.
   *
   * @throws ConfigException if cells do not fit its windows
   */
  synchronized void open(Engine opened) {
    check(opened, own);
    engine = opened;
    tell(opened, configured);
  }

  /** Between two looks at what is stored; 0 for never. */
  long auditMillis() {
    return configured.auditMillis();
  }

  @Override
  public Set<String> settings() {
    return Set.of("aggregates");
  }

  @Override
  public synchronized Runnable prepare(ServerConfig next) {
    AggregatesConfig aggregates = next.aggregates();
    Engine opened = engine;
    if (opened == null) {
      return () -> {};
    }
    check(opened, aggregates);
    for (AggregatesConfig.Rule rule : aggregates.rules()) {
      if (opened.declaredAggregates().containsKey(rule.name()) && !isConfigured(rule.name())) {
        throw new ConfigException(
            "aggregates: '" + rule.name() + "' was declared over HTTP: remove it there first");
      }
    }
    return () -> takeOver(opened, aggregates);
  }

  private void takeOver(Engine opened, AggregatesConfig next) {
    Sharing all = sharing;
    synchronized (this) {
      own = next;
      configured =
          all == null ? next : new AggregatesConfig(configured.rules(), next.auditMillis());
      tell(opened, configured);
    }
    if (all != null) {
      all.publish(this);
    }
  }

  @Override
  public String name() {
    return "aggregates";
  }

  @Override
  public String own() {
    return own.text();
  }

  @Override
  public void check(String text) {
    AggregatesConfig parsed = AggregatesConfig.parseAll(text, 0);
    Engine opened = engine;
    if (opened != null) {
      check(opened, parsed);
    }
  }

  @Override
  public synchronized void take(String text) {
    AggregatesConfig next = AggregatesConfig.parseAll(text, own.auditMillis());
    Engine opened = engine;
    if (opened != null) {
      check(opened, next);
      configured = next;
      tell(opened, next);
    }
  }

  private static void check(Engine opened, AggregatesConfig aggregates) {
    try {
      opened.checkAggregates(aggregates.toEngine());
    } catch (IllegalArgumentException e) {
      throw new ConfigException("aggregates: " + e.getMessage());
    }
  }

  private boolean isConfigured(String name) {
    return configured.rules().stream().anyMatch(rule -> rule.name().equals(name));
  }

  /** Looks once more at what is declared: in a cluster it may have been declared elsewhere. */
  synchronized void refresh() {
    Engine opened = engine;
    if (opened != null) {
      tell(opened, configured);
    }
  }

  /** Tells an engine of the continuous aggregates that are configured, and of those declared. */
  public static void tell(Engine opened, AggregatesConfig configured) {
    List<AggregateRule> rules = new ArrayList<>(configured.toEngine());
    declared(opened, configured).forEach(rule -> rules.add(rule.toEngine()));
    opened.aggregate(rules, configured.auditMillis());
  }

  /** Those that were declared, but for names that the configuration has taken since. */
  private static List<AggregatesConfig.Rule> declared(Engine opened, AggregatesConfig configured) {
    List<AggregatesConfig.Rule> rules = new ArrayList<>();
    opened
        .declaredAggregates()
        .forEach(
            (name, definition) -> {
              boolean taken = configured.rules().stream().anyMatch(r -> r.name().equals(name));
              try {
                AggregatesConfig.Rule rule = AggregatesConfig.parse(definition);
                opened.checkAggregates(List.of(rule.toEngine()));
                if (!taken) {
                  rules.add(rule);
                }
              } catch (ConfigException | IllegalArgumentException e) {
                LOG.log(
                    System.Logger.Level.WARNING,
                    "the declared aggregate '" + name + "' is left out: " + e.getMessage());
              }
              if (taken) {
                LOG.log(
                    System.Logger.Level.WARNING,
                    "the declared aggregate '"
                        + name
                        + "' is left out: the configuration has one of that name");
              }
            });
    return rules;
  }

  @Override
  public synchronized List<Listed> list() {
    List<Listed> all = new ArrayList<>();
    Engine opened = engine;
    AggregatesConfig now = configured;
    if (opened != null) {
      now.rules().forEach(rule -> all.add(new Listed(rule, true)));
      declared(opened, now).forEach(rule -> all.add(new Listed(rule, false)));
    }
    return all;
  }

  @Override
  public synchronized void declare(AggregatesConfig.Rule rule) {
    Engine opened = engine;
    AggregatesConfig now = configured;
    if (opened == null) {
      throw new IllegalStateException("BUG: an aggregate is declared before the store is open");
    }
    if (isConfigured(rule.name())) {
      throw new IllegalArgumentException(inConfiguration(rule.name()));
    }
    opened.checkAggregates(List.of(rule.toEngine()));
    opened.declareAggregate(rule.name(), rule.text());
    tell(opened, now);
  }

  @Override
  public synchronized boolean remove(String name) {
    Engine opened = engine;
    AggregatesConfig now = configured;
    if (opened == null) {
      throw new IllegalStateException("BUG: an aggregate is removed before the store is open");
    }
    if (opened.declaredAggregates().containsKey(name)) {
      opened.undeclareAggregate(name);
      tell(opened, now);
      return true;
    }
    if (isConfigured(name)) {
      throw new IllegalArgumentException(inConfiguration(name));
    }
    return false;
  }

  private static String inConfiguration(String name) {
    return "the aggregate '" + name + "' stands in the configuration file: change it there";
  }
}
