package io.varve.retention.rules;

import io.varve.engine.Snapshot;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates groups of rules, each at its own interval, and takes over changed groups. Threads
 * ({@link #start}) look for the group that is due first; without them, whoever calls {@link
 * #runDue} does the work, which tests do under a clock of their own.
 *
 * <p>A group is evaluated by one thread at a time; evaluations that would have begun before the
 * last one ended are left out, and counted. Thread-safe.
 */
public final class RuleManager implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(RuleManager.class.getName());
  private static final long LONGEST_WAIT_MILLIS = 1_000;

  private final Surroundings around;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Under the lock.
  private final Map<String, ScheduledGroup> groups = new TreeMap<>();
  private final List<ScheduledGroup> leaving = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private int most;
  private boolean updated;
  private boolean closed;
  private @Nullable CatchUp catchUp;
  private long catchUpAt;

  private volatile List<ScheduledGroup> inOrder = List.of();

  /**
   * What holds for all groups.
   *
   * @param intervalMillis between evaluations of groups that do not say it
   * @param offsetMillis how far back rules look unless their group says otherwise
   * @param resendMillis who was told of an alert is told again after more than this time
   * @param outageMillis how long ago alerts may have been pending to go on with that after a start
   * @param graceMillis alerts that go on so wait at least so long before they fire; those with a
   *     shorter {@code for} begin anew
   * @param catchUpMillis how far back recording rules are evaluated after a start; 0 for not
   * @param catchUpDelayMillis how long after the start that begins, so that senders can bring what
   *     they kept
   * @param externalUrl where users find the server, for templates
   * @param externalLabels for templates
   */
  public record Settings(
      long intervalMillis,
      long offsetMillis,
      long resendMillis,
      long outageMillis,
      long graceMillis,
      long catchUpMillis,
      long catchUpDelayMillis,
      String externalUrl,
      Map<String, String> externalLabels) {}

  /**
   * What a manager works with.
   *
   * @param evaluators by tenant who answers the queries
   * @param sinks by tenant who takes the samples
   * @param snapshots of the same store
   * @param alerts is told of alerts
   */
  public record Surroundings(
      Function<String, Evaluator> evaluators,
      Function<String, RuleSink> sinks,
      Supplier<Snapshot> snapshots,
      AlertSink alerts,
      RuleMeter meter,
      InstantSource clock) {}

  /** Without groups and threads. */
  public RuleManager(Surroundings around) {
    this.around = around;
  }

  /**
   * Takes over groups: those that are the same go on undisturbed, changed ones go on with the
   * alerts and series of their rules, the series of others are ended. The first time is the start:
   * alerts that were pending before it are found again, and recording rules catch up. Waits for
   * evaluations of changed groups that are under way.
   *
   * @param files checked
   */
  public void update(List<RuleFiles.Loaded> files, Settings settings) {
    lock.lock();
    try {
      Map<String, ScheduledGroup> next = new TreeMap<>();
      List<ScheduledGroup> fresh = new ArrayList<>();
      for (RuleFiles.Loaded file : files) {
        for (RuleFile.Group definition : file.file().groups()) {
          ScheduledGroup group = new ScheduledGroup(file.path(), definition, settings, around);
          ScheduledGroup before = groups.get(group.key());
          if (before != null && before.isSame(definition, settings)) {
            group = before;
          } else {
            fresh.add(group);
          }
          next.put(group.key(), group);
        }
      }
      List<ScheduledGroup> ended = new ArrayList<>(groups.values());
      ended.removeIf(group -> next.get(group.key()) == group);
      ended.forEach(ScheduledGroup::stop);
      for (ScheduledGroup group : ended) {
        while (group.running) {
          changed.awaitUninterruptibly();
        }
        ScheduledGroup successor = next.get(group.key());
        if (successor == null) {
          group.leave(around.clock().millis());
          leaving.add(group);
        } else {
          successor.adopt(group);
        }
      }
      groups.clear();
      groups.putAll(next);
      if (!updated) {
        updated = true;
        fresh.forEach(ScheduledGroup::prepareRestore);
        if (settings.catchUpMillis() > 0 && !next.isEmpty()) {
          long now = around.clock().millis();
          catchUp = new CatchUp(next.values(), settings, around, now);
          catchUpAt = now + settings.catchUpDelayMillis();
        }
      }
      List<ScheduledGroup> sorted = new ArrayList<>(next.values());
      sorted.sort(
          Comparator.comparing(ScheduledGroup::file)
              .thenComparing(group -> group.group().definition().name())
              .thenComparing(ScheduledGroup::key));
      inOrder = List.copyOf(sorted);
      startThreads();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The groups by file and name, and how they are. */
  public List<GroupStatus> groups() {
    return inOrder.stream().map(ScheduledGroup::status).toList();
  }

  /** Evaluates on this thread what is due, catching up included, until nothing is. */
  public void runDue() {
    ScheduledGroup group;
    while ((group = take()) != null) {
      run(group);
    }
    CatchUp gap = takeCatchUp();
    while (gap != null && gap.step()) {
      // until nothing is left
    }
  }

  private @Nullable ScheduledGroup take() {
    lock.lock();
    try {
      ScheduledGroup group = first();
      if (group == null || group.due() > around.clock().millis()) {
        return null;
      }
      group.running = true;
      return group;
    } finally {
      lock.unlock();
    }
  }

  /** The group that is due first of those that nobody is at. */
  private @Nullable ScheduledGroup first() {
    ScheduledGroup first = null;
    for (ScheduledGroup group : groups.values()) {
      if (group.running || group.isStopped()) {
        continue;
      }
      group.follow(around.clock());
      if (first == null || group.due() < first.due()) {
        first = group;
      }
    }
    for (ScheduledGroup group : leaving) {
      if (!group.running && (first == null || group.due() < first.due())) {
        first = group;
      }
    }
    return first;
  }

  private @Nullable CatchUp takeCatchUp() {
    lock.lock();
    try {
      CatchUp due = catchUp;
      if (due == null || around.clock().millis() < catchUpAt) {
        return null;
      }
      catchUp = null;
      return due;
    } finally {
      lock.unlock();
    }
  }

  private void run(ScheduledGroup group) {
    try {
      group.run();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "BUG: rules of " + group.key() + " ended early", e);
    } finally {
      lock.lock();
      try {
        group.running = false;
        if (group.isLeaving()) {
          leaving.remove(group);
        }
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Begins to evaluate.
   *
   * @param most groups that are evaluated at one time
   */
  public void start(int most) {
    lock.lock();
    try {
      this.most = most;
      startThreads();
    } finally {
      lock.unlock();
    }
  }

  /** Threads are there from when there is the first group. */
  private void startThreads() {
    if (groups.isEmpty() || !threads.isEmpty() || closed) {
      return;
    }
    for (int i = 0; i < most; i++) {
      threads.add(Thread.ofPlatform().name("varve-rules-" + i).start(this::loop));
    }
    if (most > 0 && catchUp != null) {
      threads.add(Thread.ofPlatform().name("varve-rules-catch-up").start(this::catchUp));
    }
  }

  private void loop() {
    ScheduledGroup group;
    while ((group = await()) != null) {
      run(group);
    }
  }

  /** The next group, when it is due; null when there is an end of it. */
  private @Nullable ScheduledGroup await() {
    lock.lock();
    try {
      while (!closed) {
        ScheduledGroup group = first();
        long wait = group == null ? LONGEST_WAIT_MILLIS : group.due() - around.clock().millis();
        if (group != null && wait <= 0) {
          group.running = true;
          return group;
        }
        // Not longer, as the clock may be set.
        var _ = changed.await(Math.min(wait, LONGEST_WAIT_MILLIS), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
    return null;
  }

  private void catchUp() {
    CatchUp gap = awaitCatchUp();
    try {
      while (gap != null && !isClosed() && gap.step()) {
        // until nothing is left
      }
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "BUG: catching up of rules ended early", e);
    }
  }

  private @Nullable CatchUp awaitCatchUp() {
    lock.lock();
    try {
      while (!closed) {
        CatchUp due = takeCatchUp();
        if (due != null) {
          return due;
        }
        var _ = changed.await(LONGEST_WAIT_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
    return null;
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Lets no evaluation begin any more; the rule that is being evaluated is the last. */
  public void stop() {
    lock.lock();
    try {
      closed = true;
      groups.values().forEach(ScheduledGroup::stop);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the end of evaluations that are under way.
   *
   * @return false if they have not ended in time
   */
  public boolean awaitEnd(long millis) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    List<Thread> all;
    lock.lock();
    try {
      all = List.copyOf(threads);
    } finally {
      lock.unlock();
    }
    for (Thread thread : all) {
      long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
      try {
        if (!thread.join(Duration.ofMillis(Math.max(1, left)))) {
          return false;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }

  /** Stops, and waits until nothing is evaluated any more. */
  @Override
  public void close() {
    stop();
    var _ = awaitEnd(TimeUnit.MINUTES.toMillis(1));
  }
}
