package io.varve.http.backup;

import io.varve.engine.Engine;
import io.varve.engine.format.CorruptDataException;
import io.varve.http.config.BackupConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.reload.Reloadable;
import io.varve.retention.backup.Backups;
import io.varve.retention.backup.Progress;
import io.varve.retention.backup.Pruning;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes backups of the server's store: when it is asked to, and by itself as often as the settings
 * say; one at a time. Writes and queries do not wait for it, whatever becomes of it.
 */
public final class BackupService implements Reloadable, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(BackupService.class.getName());
  private static final long RETRY_MILLIS = 60_000;
  private static final long LOOK_MILLIS = 1_000;
  private static final long CLOSE_MILLIS = 10_000;

  private final Path dataDir;
  private final InstantSource clock;
  private final BooleanSupplier decides;
  private final ReentrantLock lock = new ReentrantLock();
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Held while a backup is being made. */
  private final ReentrantLock making = new ReentrantLock();

  private final LogArchiver archiver;
  private volatile BackupConfig config;
  private volatile @Nullable Engine engine;
  private volatile @Nullable Thread thread;
  private volatile boolean closed;
  private volatile Status status = new Status(null, 0, 0, "", 0, 0, 0, 0, 0, Archive.NONE);

  /**
   * Is told its store by {@link #open}.
   *
   * @param decides whether backups are made here by themselves: of a cluster, at the node that
   *     leads
   */
  public BackupService(ServerConfig config, InstantSource clock, BooleanSupplier decides) {
    this.config = config.backup();
    this.dataDir = config.dataDir();
    this.clock = clock;
    this.decides = decides;
    this.archiver = new LogArchiver(dataDir, () -> this.config, clock, decides);
  }

  /**
   * How backups stand.
   *
   * @param running how far the one is that is being made; null if none is
   * @param lastMillis when the newest one was made that this process knows of; 0 for none
   * @param lastFailureMillis when making one has last failed; 0 if it never has
   * @param lastFailure why; "" if the last one did not fail
   * @param made how many this process has made
   * @param failures how many have failed
   * @param uploadedBytes size of the files that were sent
   * @param retries requests that had to be sent once more
   * @param removed backups that were removed because the settings do not keep them
   * @param archive how archiving the log stands
   */
  public record Status(
      Progress.@Nullable State running,
      long lastMillis,
      long lastFailureMillis,
      String lastFailure,
      long made,
      long failures,
      long uploadedBytes,
      long retries,
      long removed,
      Archive archive) {}

  /**
   * How archiving the log stands.
   *
   * @param isSet whether the log is to be archived
   * @param timeline on which; "" for none yet
   * @param archivedToSecond the second up to which it is, since the epoch; 0 if nothing is
   * @param records archived by this process
   * @param bytes their size in the store
   * @param objects that were stored
   * @param logBytes bytes of log that are there
   * @param failures attempts that failed
   * @param failure why the last one did; "" if it did not
   * @param gaps how often records were lost to the archive
   */
  public record Archive(
      boolean isSet,
      String timeline,
      long archivedToSecond,
      long records,
      long bytes,
      long objects,
      long logBytes,
      long failures,
      String failure,
      long gaps) {
    static final Archive NONE = new Archive(false, "", 0, 0, 0, 0, 0, 0, "", 0);
  }

  private @Nullable Progress current;

  /** The store is there; backups that are due begin. */
  public void open(Engine opened) {
    engine = opened;
    try {
      EngineBackup.cleanUp(dataDir);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "what a backup left stays: " + e.getMessage());
    }
    archiver.open(opened);
    schedule();
  }

  /** Begins to make backups by itself, unless it does already or is not to. */
  private void schedule() {
    lock.lock();
    try {
      if (thread == null && engine != null && !closed && worksByItself(config)) {
        thread = Thread.ofPlatform().name("varve-backup").daemon().start(this::loop);
      }
    } finally {
      lock.unlock();
    }
  }

  private static boolean worksByItself(BackupConfig config) {
    return config.everyMillis() > 0 || config.archiveMillis() > 0;
  }

  private void loop() {
    boolean lookedForNewest = false;
    long retryAt = 0;
    while (!closed) {
      if (!decides.getAsBoolean()) {
        lookedForNewest = false; // whoever decides meanwhile makes its own
        pause();
        continue;
      }
      try {
        BackupConfig now = config;
        long millis = clock.millis();
        if (archiver.wantsBackup() && millis >= retryAt) {
          create(); // what is archived goes on from a backup
          prune(now);
        }
        if (now.everyMillis() > 0 && millis >= retryAt) {
          if (!lookedForNewest) {
            findNewest(now);
            lookedForNewest = true;
          }
          long last = status.lastMillis;
          if (millis - last >= now.everyMillis() || millis < last) {
            create();
            prune(now);
          }
        }
      } catch (IOException | CorruptDataException | ConfigException e) {
        retryAt = clock.millis() + RETRY_MILLIS;
        if (!closed) {
          LOG.log(
              System.Logger.Level.WARNING, "backups: tried again in a minute: " + e.getMessage());
        }
      } catch (RuntimeException | Error e) {
        Engine opened = engine;
        boolean isReplaced = opened != null && !opened.isOpen();
        retryAt = isReplaced ? 0 : clock.millis() + RETRY_MILLIS;
        if (!closed && !isReplaced) {
          LOG.log(System.Logger.Level.ERROR, "BUG: no backup is made", e);
        }
      }
      pause();
    }
  }

  private void pause() {
    try {
      boolean _ = closing.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      LOG.log(System.Logger.Level.DEBUG, "interrupted", e); // close() asks so
    }
  }

  private void findNewest(BackupConfig now) throws IOException {
    try (BackupPlace place = BackupPlace.open(now, clock)) {
      List<Backups.Found> found = place.backups().list();
      for (Backups.Found one : found) {
        if (one.listing() != null) {
          long at = one.listing().createdMillis();
          lock.lock();
          try {
            status = with(Math.max(status.lastMillis, at), status.retries);
          } finally {
            lock.unlock();
          }
        }
      }
    }
  }

  private Status with(long lastMillis, long retries) {
    Status s = status;
    return new Status(
        null,
        lastMillis,
        s.lastFailureMillis,
        s.lastFailure,
        s.made,
        s.failures,
        s.uploadedBytes,
        retries,
        s.removed,
        Archive.NONE);
  }

  private void prune(BackupConfig now) throws IOException {
    try (BackupPlace place = BackupPlace.open(now, clock)) {
      Pruning.Result result = place.backups().prune(now.keep());
      if (!result.postponed().isEmpty()) {
        LOG.log(
            System.Logger.Level.WARNING,
            "objects of removed backups stay for now: " + result.postponed());
      }
      lock.lock();
      try {
        Status s = status;
        status =
            new Status(
                null,
                s.lastMillis,
                s.lastFailureMillis,
                s.lastFailure,
                s.made,
                s.failures,
                s.uploadedBytes,
                s.retries + place.store().retries(),
                s.removed + result.removed().size(),
                Archive.NONE);
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Makes a backup now; waits for one that is being made already.
   *
   * @throws ConfigException if the settings name no place
   */
  public Backups.Created create() throws IOException {
    Engine opened = engine;
    if (opened == null || closed) {
      throw new IOException("the server is not ready");
    }
    making.lock();
    Progress progress = new Progress();
    lock.lock();
    try {
      current = progress;
    } finally {
      lock.unlock();
    }
    Backups.Created created = null;
    String failure = "it ended in an unexpected way";
    long retries = 0;
    BackupConfig used = config;
    try (BackupPlace place = BackupPlace.open(used, clock)) {
      try {
        created =
            EngineBackup.create(
                opened, dataDir, place.backups(), () -> timeline(used), clock, progress);
      } finally {
        retries = place.store().retries();
      }
      archiver.backedUp(created.listing().shards().getFirst().timeline());
      for (String problem : created.problems()) {
        LOG.log(System.Logger.Level.WARNING, "backup: " + problem);
      }
      LOG.log(
          System.Logger.Level.INFO,
          "backup "
              + created.listing().name()
              + ": "
              + created.listing().files()
              + " files, of which "
              + created.uploadedFiles()
              + " were new");
      return created;
    } catch (IOException | RuntimeException e) {
      failure = String.valueOf(e.getMessage());
      throw e;
    } finally {
      ended(created, failure, retries);
      making.unlock();
    }
  }

  /** On which timeline a backup lies that is made with these settings; "" for none. */
  private String timeline(BackupConfig used) {
    return used.isSamePlace(config) ? archiver.timeline() : "";
  }

  private void ended(Backups.@Nullable Created created, String failure, long retries) {
    lock.lock();
    try {
      current = null;
      Status s = status;
      boolean failed = created == null;
      status =
          new Status(
              null,
              created == null ? s.lastMillis : created.listing().createdMillis(),
              failed ? clock.millis() : s.lastFailureMillis,
              failed ? failure : "",
              s.made + (failed ? 0 : 1),
              s.failures + (failed ? 1 : 0),
              s.uploadedBytes + (created == null ? 0 : created.uploadedBytes()),
              s.retries + retries,
              s.removed,
              Archive.NONE);
    } finally {
      lock.unlock();
    }
  }

  /** How backups stand now. */
  public Status status() {
    lock.lock();
    try {
      Progress progress = current;
      Status s = status;
      return new Status(
          progress == null ? null : progress.state(),
          s.lastMillis,
          s.lastFailureMillis,
          s.lastFailure,
          s.made,
          s.failures,
          s.uploadedBytes,
          s.retries,
          s.removed,
          archiver.status());
    } finally {
      lock.unlock();
    }
  }

  /** True if backups have a place. */
  public boolean isSet() {
    return config.isSet();
  }

  @Override
  public Set<String> settings() {
    return Set.of("backup");
  }

  @Override
  public Runnable prepare(ServerConfig next) {
    BackupConfig prepared = next.backup();
    BackupPlace.check(prepared);
    return () -> {
      config = prepared;
      archiver.wake();
      schedule();
    };
  }

  /** Ends it; a backup that is being made is broken off. */
  @Override
  public void close() {
    closed = true;
    closing.countDown();
    archiver.close();
    Thread looping = thread;
    if (looping == null) {
      return;
    }
    boolean interrupted = false;
    long patience = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
    while (looping.isAlive() && System.nanoTime() - patience < 0) {
      looping.interrupt();
      try {
        looping.join(200);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (looping.isAlive()) {
      // A store that does not answer must not keep the server from ending; nothing is half listed.
      LOG.log(System.Logger.Level.WARNING, "a backup hangs and is left behind");
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
