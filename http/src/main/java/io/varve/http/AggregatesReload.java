package io.varve.http;

import io.varve.engine.AggregateRule;
import io.varve.engine.Engine;
import io.varve.http.api.DeclaredAggregates;
import io.varve.http.config.AggregatesConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.reload.Reloadable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells the engine which continuous aggregates there are: those of the configuration, and those
 * that were declared over HTTP and are kept in the store. At the start and when that changes.
 */
public final class AggregatesReload implements Reloadable, DeclaredAggregates {
  private static final System.Logger LOG = System.getLogger(AggregatesReload.class.getName());

  private volatile @Nullable Engine engine;
  private volatile @Nullable AggregatesConfig configured;

  AggregatesReload() {}

  /**
   * The store is open.
   *
   * @throws ConfigException if cells do not fit its windows
   */
  synchronized void open(Engine opened, ServerConfig config) {
    check(opened, config.aggregates());
    engine = opened;
    configured = config.aggregates();
    tell(opened, config.aggregates());
  }

  /** Between two looks at what is stored; 0 for never. */
  long auditMillis() {
    AggregatesConfig now = configured;
    return now == null ? 0 : now.auditMillis();
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

  private synchronized void takeOver(Engine opened, AggregatesConfig next) {
    configured = next;
    tell(opened, next);
  }

  private static void check(Engine opened, AggregatesConfig aggregates) {
    try {
      opened.checkAggregates(aggregates.toEngine());
    } catch (IllegalArgumentException e) {
      throw new ConfigException("aggregates: " + e.getMessage());
    }
  }

  private boolean isConfigured(String name) {
    AggregatesConfig now = configured;
    return now != null && now.rules().stream().anyMatch(rule -> rule.name().equals(name));
  }

  /** Looks once more at what is declared: in a cluster it may have been declared elsewhere. */
  synchronized void refresh() {
    Engine opened = engine;
    AggregatesConfig now = configured;
    if (opened != null && now != null) {
      tell(opened, now);
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
    if (opened != null && now != null) {
      now.rules().forEach(rule -> all.add(new Listed(rule, true)));
      declared(opened, now).forEach(rule -> all.add(new Listed(rule, false)));
    }
    return all;
  }

  @Override
  public synchronized void declare(AggregatesConfig.Rule rule) {
    Engine opened = engine;
    AggregatesConfig now = configured;
    if (opened == null || now == null) {
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
    if (opened == null || now == null) {
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
