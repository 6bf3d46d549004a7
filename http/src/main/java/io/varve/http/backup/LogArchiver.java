package io.varve.http.backup;

import io.varve.engine.Engine;
import io.varve.engine.LogFeed;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.format.CorruptDataException;
import io.varve.http.backup.BackupService.Archive;
import io.varve.http.config.BackupConfig;
import io.varve.http.config.ConfigException;
import io.varve.retention.backup.Backups;
import io.varve.retention.backup.LogArchive;
import io.varve.retention.backup.LogStretch;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Copies the log of the server's store to the place of its backups, every so many seconds, with
 * what is known of the times at which its records were logged. Writes and queries do not wait for
 * it: while the place cannot be reached the log is kept, up to a limit; beyond it there is a gap,
 * and a new timeline begins, for which a backup is needed.
 *
 * <p>A thread of its own does the work.
 */
final class LogArchiver implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LogArchiver.class.getName());
  private static final long STRETCH_BYTES = 16L << 20;
  private static final long MOST_RETRY_MILLIS = 10_000;
  private static final long LOOK_MILLIS = 1_000;

  /** When nothing is written, the time up to which it is known is brought forward so often. */
  private static final long IDLE_SECONDS = 60;

  private static final long CLOSE_MILLIS = 5_000;

  private final Path dataDir;
  private final Supplier<BackupConfig> config;
  private final InstantSource clock;
  private final BooleanSupplier decides;

  /** Guards the status; never held while anything is read or written. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Semaphore woken = new Semaphore(0);
  private Archive status = Archive.NONE;
  private @Nullable Thread thread;
  private volatile @Nullable Engine engine;
  private volatile boolean closing;
  private volatile boolean closed;
  private volatile String timeline = "";
  private volatile boolean based;

  // The rest belongs to the thread.

  private @Nullable Work work;
  private @Nullable Watch watch;
  private @Nullable Engine known;

  /** Whether nothing of its log is held. */
  private boolean released;

  /** What is open. */
  private record Work(
      Engine engine, BackupConfig config, BackupPlace place, LogFeed feed, LogArchive archive) {}

  /** The place, looked at by a node that another one archives for. */
  private record Watch(BackupConfig config, BackupPlace place) {}

  /**
   * Is told its store by {@link #open}.
   *
   * @param decides whether the log is archived here: of a cluster, at the node that leads. The
   *     others keep their logs until they are, as each of them may come to lead
   */
  LogArchiver(
      Path dataDir, Supplier<BackupConfig> config, InstantSource clock, BooleanSupplier decides) {
    this.dataDir = dataDir;
    this.config = config;
    this.clock = clock;
    this.decides = decides;
  }

  private Timelines timelines(Engine of) {
    return of.isReplica() ? new SharedTimeline(of) : new TimelineFile(dataDir);
  }

  Archive status() {
    lock.lock();
    try {
      return status;
    } finally {
      lock.unlock();
    }
  }

  /** The timeline on which the log is being archived; "" if it is not. */
  String timeline() {
    return timeline;
  }

  /** True if the log is archived, and can be of no use until a backup is made. */
  boolean wantsBackup() {
    return !timeline.isEmpty() && !based;
  }

  /** A backup was made that lies on a timeline. */
  void backedUp(String on) throws IOException {
    Engine opened = engine;
    if (opened == null || on.isEmpty() || !on.equals(timeline)) {
      return;
    }
    Timelines timelines = timelines(opened);
    Timeline found = timelines.read();
    if (found != null && found.name().equals(on)) {
      timelines.write(found.withBackup());
      based = true;
    }
  }

  /** The store is there, or another one is. */
  void open(Engine opened) {
    engine = opened;
    lock.lock();
    try {
      if (thread == null) {
        thread = Thread.ofPlatform().name("varve-archive").daemon().start(this::loop);
      }
    } finally {
      lock.unlock();
    }
    wake();
  }

  /** Lets it look at its settings now. */
  void wake() {
    woken.release();
  }

  private void loop() {
    long dueAt = System.nanoTime();
    while (!closed) {
      boolean last = closing;
      BackupConfig now = config.get();
      Engine opened = engine;
      if (opened != known) {
        known = opened;
        released = false;
        dueAt = System.nanoTime();
      }
      try {
        if (now.archiveMillis() == 0) {
          stop(opened);
        } else if (opened != null && (last || System.nanoTime() - dueAt >= 0)) {
          released = false;
          if (decides.getAsBoolean()) {
            unwatch();
            archive(opened, now);
          } else if (!last) {
            follow(opened, now);
          }
          dueAt = after(now.archiveMillis());
        }
      } catch (IOException | CorruptDataException | StorageStoppedException | ConfigException e) {
        dueAt = after(Math.min(MOST_RETRY_MILLIS, now.archiveMillis()));
        failed(String.valueOf(e.getMessage()));
        LOG.log(System.Logger.Level.WARNING, "the log is not archived: " + e.getMessage());
      } catch (RuntimeException | Error e) {
        if (opened != null && !opened.isOpen()) {
          dueAt = System.nanoTime(); // another one comes, or the end
        } else {
          dueAt = after(MOST_RETRY_MILLIS);
          failed(e.toString());
          if (!closed) {
            LOG.log(System.Logger.Level.ERROR, "BUG: the log is not archived", e);
          }
        }
      }
      if (last) {
        break;
      }
      pause();
    }
    leave();
  }

  private static long after(long millis) {
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
  }

  private void pause() {
    try {
      if (woken.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        woken.drainPermits();
      }
    } catch (InterruptedException e) {
      LOG.log(System.Logger.Level.DEBUG, "interrupted", e); // close() asks so
    }
  }

  /** Ends archiving, as the settings say. */
  private void stop(@Nullable Engine opened) throws IOException {
    leave();
    timeline = "";
    if (opened != null) {
      if (!released) {
        opened.logFeed().release();
        released = true;
      }
      timelines(opened).delete();
    }
    set(
        s ->
            new Archive(
                false, "", 0, s.records(), s.bytes(), s.objects(), 0, s.failures(), "", s.gaps()));
  }

  private void leave() {
    unwatch();
    Work open = work;
    work = null;
    if (open != null) {
      leave(open.place);
    }
  }

  private void unwatch() {
    Watch open = watch;
    watch = null;
    if (open != null) {
      leave(open.place);
    }
  }

  private static void leave(BackupPlace place) {
    try {
      place.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "the place of backups cannot be left", e);
    }
  }

  /** Another node archives the log: what it has not yet archived is kept here, too. */
  private void follow(Engine opened, BackupConfig now) throws IOException {
    Work led = work;
    if (led != null) {
      leave();
      timeline = "";
    }
    Watch open = watch;
    if (open == null || !open.config.isSamePlace(now)) {
      unwatch();
      open = new Watch(now, BackupPlace.open(now, clock));
      watch = open;
    }
    LogFeed feed = opened.logFeed();
    Timeline of = timelines(opened).read();
    if (of == null || !of.place().equals(open.place.store().place())) {
      if (!feed.isHeld()) {
        feed.hold(feed.last() + 1, now.hold()); // where an archive begins, soon, lies behind
      }
      return;
    }
    Backups.Archived archived = open.place.backups().archived(of.name());
    feed.hold((archived == null ? of.position() : archived.position()) + 1, now.hold());
    long second = archived == null ? of.second() : archived.second();
    set(
        s ->
            new Archive(
                true,
                of.name(),
                second,
                s.records(),
                s.bytes(),
                s.objects(),
                feed.logBytes(),
                s.failures(),
                "",
                s.gaps()));
  }

  private void archive(Engine opened, BackupConfig now) throws IOException {
    Work open = work;
    if (open == null || open.engine != opened || !open.config.isSamePlace(now)) {
      open = begin(opened, now, open);
    }
    try {
      if (!open.feed.isHeld()) {
        throw new NoSuchFileException("what was kept of the log");
      }
      copy(open, now);
    } catch (NoSuchFileException e) {
      // Records that are not archived have left the log.
      set(
          s ->
              new Archive(
                  true,
                  "",
                  s.archivedToSecond(),
                  s.records(),
                  s.bytes(),
                  s.objects(),
                  s.logBytes(),
                  s.failures(),
                  s.failure(),
                  s.gaps() + 1));
      LOG.log(
          System.Logger.Level.ERROR,
          "the archive of the log has a gap behind position "
              + open.archive.last()
              + ": "
              + e.getMessage()
              + " is gone; it goes on in another timeline, behind a new backup");
      Work next = beginTimeline(opened, now, open.place, open.feed);
      work = next;
      copy(next, now);
    }
  }

  /** Goes on with the timeline that the data folder names, or begins one. */
  private Work begin(Engine opened, BackupConfig now, @Nullable Work before) throws IOException {
    leave();
    BackupPlace place = BackupPlace.open(now, clock);
    Work begun = null;
    try {
      LogFeed feed = opened.logFeed();
      Timeline there = timelines(opened).read();
      if (there != null
          && there.storeId() == opened.storeId()
          && there.place().equals(place.store().place())
          && feed.isHeld()) {
        LogArchive archive =
            place
                .backups()
                .archive(there.name(), there.storeId(), there.position(), there.second());
        if (archive.last() <= feed.last()) {
          boolean isSameLife =
              before != null
                  && before.engine == opened
                  && before.archive.timeline().equals(there.name());
          if (!feed.tellsTimes() && !isSameLife && feed.startPosition() != archive.last()) {
            archive.loseTrackOfTime(clock.millis() / 1_000);
          }
          feed.hold(archive.last() + 1, now.hold());
          timeline = there.name();
          based = there.based();
          begun = new Work(opened, now, place, feed, archive);
        }
      }
      if (begun == null) {
        begun = beginTimeline(opened, now, place, feed);
      }
      work = begun;
      return begun;
    } finally {
      if (begun == null) {
        place.close();
      }
    }
  }

  private Work beginTimeline(Engine opened, BackupConfig now, BackupPlace place, LogFeed feed)
      throws IOException {
    timeline = "";
    long position = feed.last();
    long second = clock.millis() / 1_000;
    feed.hold(position + 1, now.hold());
    feed.sync(position);
    feed.forgetMarks(second);
    String name = place.backups().newTimeline();
    LogArchive archive = place.backups().archive(name, opened.storeId(), position, second);
    timelines(opened)
        .write(
            new Timeline(name, opened.storeId(), position, second, false, place.store().place()));
    based = false;
    timeline = name;
    LOG.log(
        System.Logger.Level.INFO,
        "the log is archived in "
            + place.store().place()
            + " from "
            + position
            + " on, as "
            + name);
    return new Work(opened, now, place, feed, archive);
  }

  /** Stores what was logged since the last time. */
  private void copy(Work open, BackupConfig now) throws IOException {
    LogFeed feed = open.feed;
    LogArchive archive = open.archive;
    long target = feed.last();
    List<LogFeed.Mark> marks = feed.marks(); // behind the target: none of its records comes later
    feed.sync(target);
    boolean isIdle = target == archive.last();
    if (isIdle
        && !marks.isEmpty()
        && marks.getLast().second() - archive.endSecond() < IDLE_SECONDS) {
      feed.hold(archive.last() + 1, now.hold());
      archived(open, 0, 0, 0);
      return;
    }
    long reached = archive.last();
    do {
      LogStretch stretch = new LogStretch(archive.last());
      if (target > reached) {
        reached = feed.read(reached + 1, target, STRETCH_BYTES, stretch);
        marks = feed.tellsTimes() ? feed.marks() : marks;
      }
      long records = stretch.last() - stretch.after();
      long bytes = archive.put(stretch, marks);
      feed.forgetMarks(archive.endSecond());
      feed.hold(archive.last() + 1, now.hold());
      archived(open, records, bytes, bytes > 0 ? 1 : 0);
    } while (reached < target);
  }

  private void archived(Work open, long records, long bytes, int objects) {
    set(
        s ->
            new Archive(
                true,
                open.archive.timeline(),
                open.archive.endSecond(),
                s.records() + records,
                s.bytes() + bytes,
                s.objects() + objects,
                open.feed.logBytes(),
                s.failures(),
                "",
                s.gaps()));
  }

  private void failed(String why) {
    set(
        s ->
            new Archive(
                true,
                s.timeline(),
                s.archivedToSecond(),
                s.records(),
                s.bytes(),
                s.objects(),
                s.logBytes(),
                s.failures() + 1,
                why,
                s.gaps()));
  }

  private interface Change {
    Archive apply(Archive before);
  }

  private void set(Change change) {
    lock.lock();
    try {
      status = change.apply(status);
    } finally {
      lock.unlock();
    }
  }

  /** Archives what is left, if that does not take long, and ends. */
  @Override
  public void close() {
    closing = true;
    wake();
    Thread running = thread;
    if (running == null) {
      return;
    }
    boolean interrupted = false;
    long patience = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
    while (running.isAlive()) {
      if (System.nanoTime() - patience >= 0) {
        closed = true;
        running.interrupt();
      }
      try {
        running.join(100);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      if (System.nanoTime() - patience >= TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS)) {
        LOG.log(System.Logger.Level.WARNING, "archiving hangs and is left behind");
        break;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
