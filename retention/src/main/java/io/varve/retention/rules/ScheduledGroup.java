package io.varve.retention.rules;

import io.varve.engine.model.TimeRange;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A group with its times. They are a whole number of intervals after a phase that follows from the
 * group's file and name: so groups do not all come at once, and each comes at the same times after
 * a restart.
 *
 * <p>The manager sees to it that one thread at a time evaluates it; {@link #status} is for any.
 */
final class ScheduledGroup {
  private static final System.Logger LOG = System.getLogger(ScheduledGroup.class.getName());

  private final String file;
  private final RuleGroup group;
  private final long interval;
  private final RuleManager.Settings settings;
  private final RuleManager.Surroundings around;
  private final StoredRules stored;
  private final long first;

  /** Under the manager's lock: whether a thread is at it, and when it is due next. */
  boolean running;

  /** Under the manager's lock: time of the last evaluation, or one interval before the first. */
  private long slot;

  /** Under the manager's lock: when its series are to be ended, as it is no more; 0 if it is. */
  private long endAt;

  private long endedAt;

  private volatile boolean stopped;
  private volatile GroupStatus.Counts counts = GroupStatus.Counts.NONE;
  private volatile GroupStatus.CatchUp catchUp = GroupStatus.CatchUp.NONE;
  private volatile long evaluationNanos;
  private volatile long lastMillis;
  private int evaluationsBeforeRestore;
  private final @Nullable String[] failures;

  ScheduledGroup(
      String file,
      RuleFile.Group definition,
      RuleManager.Settings settings,
      RuleManager.Surroundings around) {
    this.file = file;
    this.settings = settings;
    this.around = around;
    interval =
        definition.intervalMillis() > 0 ? definition.intervalMillis() : settings.intervalMillis();
    stored = new StoredRules(around.snapshots(), definition.tenant());
    group =
        new RuleGroup(
            definition,
            around.evaluators().apply(definition.tenant()),
            around.sinks().apply(definition.tenant()),
            new RuleGroup.Options(
                settings.externalUrl(), settings.externalLabels(), settings.offsetMillis()),
            new RuleGroup.Live(
                around.clock(),
                around.alerts(),
                settings.resendMillis(),
                interval,
                around.meter()));
    failures = new String[definition.rules().size()];
    slot = before(around.clock());
    first = slot + interval;
  }

  /** The last time of an evaluation that is not after now. */
  private long before(InstantSource clock) {
    long phase = Long.remainderUnsigned(hash(key()), interval);
    return Math.floorDiv(clock.millis() - phase, interval) * interval + phase;
  }

  private static long hash(String key) {
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(sum).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** What no other group has, and the same group has after a reload or a restart. */
  String key() {
    return GroupStatus.key(file, group.definition());
  }

  String file() {
    return file;
  }

  RuleGroup group() {
    return group;
  }

  StoredRules stored() {
    return stored;
  }

  long intervalMillis() {
    return interval;
  }

  /** Time of the first evaluation. */
  long firstMillis() {
    return first;
  }

  /** True if another one would do just the same. */
  boolean isSame(RuleFile.Group definition, RuleManager.Settings others) {
    return definition.equals(group.definition()) && others.equals(settings);
  }

  // Under the manager's lock.

  /** When there is something to do. */
  long due() {
    return endAt != 0 ? endAt : slot + interval;
  }

  /** After the clock was set back, begins anew: nobody wants to wait until it is where it was. */
  void follow(InstantSource clock) {
    if (slot > clock.millis() + interval) {
      slot = before(clock);
    }
  }

  /** Ends the evaluations; one that is under way after the rule that is being evaluated. */
  void stop() {
    stopped = true;
  }

  boolean isStopped() {
    return stopped;
  }

  /**
   * Stops for good: its series are ended in two intervals, when others that go on with them would
   * have begun.
   */
  void leave(long now) {
    stop();
    group.depart();
    endedAt = now;
    endAt = now + 2 * interval;
  }

  boolean isLeaving() {
    return endAt != 0;
  }

  /** Goes on where a group of the same file and name has ended. */
  void adopt(ScheduledGroup from) {
    group.adopt(from.group);
    counts = from.counts;
    catchUp = from.catchUp;
    evaluationNanos = from.evaluationNanos;
    lastMillis = from.lastMillis;
    evaluationsBeforeRestore = from.evaluationsBeforeRestore;
  }

  // By the thread that is at it.

  /**
   * Looks at the start whether alerts were pending before it: what their series say must not be
   * overwritten before it is read.
   */
  void prepareRestore() {
    for (RunningRule rule : group.rules()) {
      AlertingState alerts = rule.alerts();
      if (alerts != null && alerts.rule().forMillis() >= settings.graceMillis()) {
        try {
          if (!stored.forState(rule.rule().name(), restorable(around.clock().millis())).isEmpty()) {
            alerts.hold();
            evaluationsBeforeRestore = 2; // the first may come before data that alerts depend on
          }
        } catch (RuntimeException e) {
          cannotRestore(rule, e);
        }
      }
    }
  }

  private TimeRange restorable(long now) {
    return TimeRange.closed(now - settings.outageMillis(), now);
  }

  /** Does what is due. */
  void run() {
    if (isLeaving()) {
      endDeparted(endedAt);
      return;
    }
    long now = around.clock().millis();
    long begin = System.nanoTime();
    long missed = Math.max(0, (now - slot) / interval - 1);
    slot += (missed + 1) * interval;
    RuleGroup.Outcome outcome = group.evaluate(slot, this::isStopped);
    logFailures();
    endDeparted(slot);
    evaluationNanos = System.nanoTime() - begin;
    lastMillis = now;
    around.meter().groupEvaluated(evaluationNanos);
    counts = counts.with(missed, outcome);
    if (evaluationsBeforeRestore > 0 && --evaluationsBeforeRestore == 0) {
      restore();
    }
  }

  /** Logs what fails when that begins, is another failure, or ends. */
  private void logFailures() {
    for (int i = 0; i < failures.length && !isStopped(); i++) {
      RuleStatus rule = group.rules().get(i).status();
      String before = failures[i];
      String now = rule.error();
      if (now != null && !now.equals(before)) {
        LOG.log(
            System.Logger.Level.WARNING,
            "rules: " + key() + ": " + rule.rule().name() + " fails: " + now);
      } else if (now == null && before != null) {
        LOG.log(
            System.Logger.Level.INFO,
            "rules: " + key() + ": " + rule.rule().name() + " fails no more");
      }
      failures[i] = now;
    }
  }

  private void endDeparted(long time) {
    try {
      group.endDeparted(time, stored);
    } catch (RuleException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          key() + ": cannot end the series of rules that are no more: " + e.getMessage());
    }
  }

  private void restore() {
    long begin = System.nanoTime();
    long now = around.clock().millis();
    for (RunningRule rule : group.rules()) {
      AlertingState alerts = rule.alerts();
      if (alerts != null && alerts.isHeld()) {
        try {
          alerts.restore(
              stored.forState(rule.rule().name(), restorable(now)), now, settings.graceMillis());
        } catch (RuntimeException e) {
          cannotRestore(rule, e);
          alerts.restore(Map.of(), now, settings.graceMillis());
        }
        rule.republish();
      }
    }
    counts = counts.withRestoreNanos(System.nanoTime() - begin);
  }

  private void cannotRestore(RunningRule rule, RuntimeException e) {
    LOG.log(
        System.Logger.Level.WARNING,
        key()
            + ": "
            + rule.rule().name()
            + ": cannot find out since when alerts are pending: "
            + e);
  }

  /** Tells how far the gap before the start is filled. */
  void caughtUp(GroupStatus.CatchUp now) {
    catchUp = now;
  }

  GroupStatus status() {
    RuleFile.Group d = group.definition();
    return new GroupStatus(
        file,
        d.name(),
        d.tenant(),
        interval,
        d.limit(),
        evaluationNanos,
        lastMillis,
        group.statuses(),
        counts,
        catchUp);
  }
}
