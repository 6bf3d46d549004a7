package io.varve.retention.backup;

import io.varve.engine.DataFolder;
import io.varve.engine.format.Sha256;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.wal.WalContinuation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files of a backup into a folder. A file named {@link DataFolder#RESTORING} stands in
 * it from before the first one until after the last one is durable, and no engine opens a folder
 * with it. Each file is written under another name, proven, synced and renamed: what has its name
 * is whole.
 */
final class Restore {
  private static final String LOCK = "LOCK";
  private static final String UNFINISHED = ".restoring-";
  private static final int BUFFER_BYTES = 1 << 17;
  private static final int ATTEMPTS = 3;
  private static final String LOG = "wal/0/";
  private static final String FILES_DONE = ", with all files";

  private final FileSystem fs = RealFileSystem.INSTANCE;
  private final Repository repository;
  private final BackupListing listing;
  private final @Nullable LogTail tail;
  private final Path folder;
  private final Progress progress;

  /**
   * Nothing is done yet.
   *
   * @param tail the log behind the backup; null if there is none
   */
  Restore(
      Repository repository,
      BackupListing listing,
      @Nullable LogTail tail,
      Path folder,
      Progress progress) {
    this.repository = repository;
    this.listing = listing;
    this.tail = tail;
    this.folder = folder.toAbsolutePath().normalize();
    this.progress = progress;
  }

  void run() throws IOException {
    if (listing.shards().size() != 1) {
      throw new IOException(
          "backup "
              + listing.name()
              + " is of "
              + listing.shards().size()
              + " shards; this program restores those of one");
    }
    fs.createDirectories(folder);
    try (FileSystem.FolderLock _ = fs.lock(folder)) {
      if (begin()) {
        files();
        if (tail != null) {
          mark(wanted() + FILES_DONE);
        }
      }
      if (tail != null) {
        log(tail);
      }
      if (isOfCluster()) {
        new RestoredTo(tail == null ? PointInTime.position(listing) : tail.position())
            .write(fs, folder);
      }
      fs.delete(folder.resolve(DataFolder.RESTORING));
      fs.syncDirectory(folder);
    }
  }

  private void files() throws IOException {
    List<BackupListing.Entry> files = listing.shards().getFirst().files();
    progress.begin("restoring", files.size(), listing.bytes());
    Map<Path, Boolean> folders = new HashMap<>();
    for (BackupListing.Entry file : files) {
      Path parent = folder.resolve(file.path()).getParent();
      if (parent != null && folders.put(parent, true) == null) {
        fs.createDirectories(parent);
        deleteUnfinished(parent);
      }
    }
    Workers.each(
        files,
        file -> {
          restore(file);
          progress.advance(file.bytes());
        });
    for (Path one : new TreeSet<>(folders.keySet())) {
      fs.syncDirectory(one);
    }
    fs.syncDirectory(folder);
  }

  /** Continues the log of the backup; what is there of it already is passed over. */
  private void log(LogTail wanted) throws IOException {
    progress.begin("restoring the log", wanted.stretches().size(), 0);
    boolean shared = isOfCluster();
    try (WalContinuation log = new DataFolder(folder).continueLog(shared)) {
      for (StretchName name : wanted.stretches()) {
        if (name.last() > log.last()) {
          LogStretch.Content stretch = LogArchive.read(repository, name);
          LogTail.checkStore(stretch, name, listing.shards().getFirst().store());
          stretch.records(wanted.position(), log);
        }
        progress.advance(0);
      }
      log.fillTo(wanted.position());
      if (log.last() != wanted.position()) {
        throw new IOException(
            "the restored log ends at " + log.last() + ", not at " + wanted.position());
      }
    }
  }

  /** True for a store whose log was shared: its backups have none, as all is saved. */
  private boolean isOfCluster() {
    return listing.shards().getFirst().files().stream()
        .noneMatch(file -> file.path().startsWith(LOG));
  }

  /** What the mark says while this restore is under way. */
  private String wanted() {
    return tail == null ? listing.name() : listing.name() + " and the log to " + tail.position();
  }

  /**
   * Makes sure that the folder is for this backup alone.
   *
   * @return false if all of its files are there already
   */
  private boolean begin() throws IOException {
    Path mark = folder.resolve(DataFolder.RESTORING);
    String wanted = wanted();
    List<Path> entries = new ArrayList<>(fs.list(folder));
    entries.removeIf(
        entry -> {
          String name = entry.getFileName().toString();
          return name.equals(LOCK) || name.startsWith(UNFINISHED);
        });
    if (entries.contains(mark)) {
      String begun = new String(fs.readAll(mark), StandardCharsets.UTF_8).strip();
      if (begun.equals(wanted) || begun.equals(wanted + FILES_DONE)) {
        return begun.equals(wanted);
      }
      throw new IOException(
          folder
              + " holds a part of backup "
              + begun
              + ", not of "
              + wanted
              + ": delete it, or restore that one");
    }
    if (!entries.isEmpty()) {
      throw new IOException(folder + " is not empty");
    }
    mark(wanted);
    return true;
  }

  private void mark(String text) throws IOException {
    byte[] name = (text + "\n").getBytes(StandardCharsets.UTF_8);
    Path unfinished = folder.resolve(UNFINISHED + UUID.randomUUID());
    try (FileSystem.AppendFile out = fs.create(unfinished)) {
      out.write(name, 0, name.length);
      out.sync();
    }
    fs.rename(unfinished, folder.resolve(DataFolder.RESTORING));
    fs.syncDirectory(folder);
  }

  private void deleteUnfinished(Path parent) throws IOException {
    for (Path entry : fs.list(parent)) {
      if (entry.getFileName().toString().startsWith(UNFINISHED)) {
        fs.delete(entry);
      }
    }
  }

  private void restore(BackupListing.Entry file) throws IOException {
    Path target = folder.resolve(file.path());
    if (fs.exists(target)) {
      try (InputStream in = Files.newInputStream(target)) {
        if (fs.size(target) == file.bytes() && Sha256.of(in).equals(file.sha256())) {
          return;
        }
      }
      fs.delete(target); // the disk has not kept it
    }
    for (int attempt = 1; ; attempt++) {
      try {
        write(file, target);
        return;
      } catch (DamagedObjectException e) {
        throw e;
      } catch (NoSuchFileException e) {
        DamagedObjectException missing =
            new DamagedObjectException(
                "object " + e.getMessage() + " is missing; it is " + file.path());
        missing.initCause(e);
        throw missing;
      } catch (IOException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private void write(BackupListing.Entry file, Path target) throws IOException {
    Path parent = target.getParent();
    if (parent == null) {
      throw new IOException(target + " has no folder");
    }
    String object = repository.object(file.sha256());
    Path unfinished = parent.resolve(UNFINISHED + UUID.randomUUID());
    boolean done = false;
    try {
      MessageDigest digest = Sha256.digest();
      long bytes = 0;
      try (InputStream in = repository.open(object);
          FileSystem.AppendFile out = fs.create(unfinished)) {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          bytes += n;
          if (bytes > file.bytes()) {
            break; // it is damaged, and might go on for ever
          }
          digest.update(buffer, 0, n);
          out.write(buffer, 0, n);
        }
        out.sync();
      }
      if (bytes != file.bytes() || !Sha256.hex(digest).equals(file.sha256())) {
        throw new DamagedObjectException("object " + object + " is damaged; it is " + file.path());
      }
      fs.rename(unfinished, target);
      done = true;
    } finally {
      if (!done) {
        fs.delete(unfinished);
      }
    }
  }
}
