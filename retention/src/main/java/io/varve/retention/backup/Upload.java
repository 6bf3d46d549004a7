package io.varve.retention.backup;

import io.varve.engine.format.Sha256;
import io.varve.retention.chunkstore.ChunkStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** Stores the files of a folder that are not in the store yet. */
final class Upload {
  private final Repository repository;
  private final Path folder;
  private final Map<String, String> hashes;
  private final Marker marker;
  private final Progress progress;
  private final AtomicInteger uploadedFiles = new AtomicInteger();
  private final AtomicLong uploadedBytes = new AtomicLong();
  private final List<String> problems = Collections.synchronizedList(new ArrayList<>());
  private final Map<String, String> actual = Collections.synchronizedMap(new HashMap<>());

  /**
   * Nothing is done yet.
   *
   * @param hashes SHA-256 by path of files that need not be read to know it
   */
  Upload(
      Repository repository,
      Path folder,
      Map<String, String> hashes,
      Marker marker,
      Progress progress) {
    this.repository = repository;
    this.folder = folder;
    this.hashes = hashes;
    this.marker = marker;
    this.progress = progress;
  }

  int uploadedFiles() {
    return uploadedFiles.get();
  }

  long uploadedBytes() {
    return uploadedBytes.get();
  }

  List<String> problems() {
    return problems;
  }

  /** Returns all files of the folder, once the store has every one of them. */
  List<BackupListing.Entry> run() throws IOException {
    List<BackupListing.Entry> files = files();
    Map<String, Long> there = there();
    Map<String, BackupListing.Entry> missing = new LinkedHashMap<>();
    for (BackupListing.Entry file : files) {
      String object = repository.object(file.sha256());
      if (!Long.valueOf(repository.stored(file.bytes())).equals(there.get(object))) {
        missing.putIfAbsent(object, file);
      }
    }
    progress.begin(
        "uploading",
        missing.size(),
        missing.values().stream().mapToLong(BackupListing.Entry::bytes).sum());
    Workers.each(
        List.copyOf(missing.values()),
        file -> {
          marker.renew();
          upload(file);
          progress.advance(file.bytes());
        });
    List<BackupListing.Entry> stored = new ArrayList<>();
    for (BackupListing.Entry file : files) {
      String other = actual.get(file.sha256());
      stored.add(
          other == null
              ? file
              : new BackupListing.Entry(file.path(), file.bytes(), other, /* isDamaged= */ true));
    }
    prove(stored);
    return stored;
  }

  /** That nobody has taken anything away meanwhile. */
  private void prove(List<BackupListing.Entry> files) throws IOException {
    progress.begin("proving", 0, 0);
    Map<String, Long> there = there();
    for (BackupListing.Entry file : files) {
      String object = repository.object(file.sha256());
      if (!Long.valueOf(repository.stored(file.bytes())).equals(there.get(object))) {
        throw new IOException(
            repository.store.place()
                + ": "
                + object
                + " was stored, or was there, and is gone or of another size now");
      }
    }
    if (marker.isLost()) {
      throw new IOException("making the backup stood still for too long; nothing of it is listed");
    }
  }

  private Map<String, Long> there() throws IOException {
    Map<String, Long> there = new HashMap<>();
    for (ChunkStore.Item item : repository.store.list(Repository.OBJECTS)) {
      there.put(item.name(), item.bytes());
    }
    return there;
  }

  /** The folder's files in order of their paths. */
  private List<BackupListing.Entry> files() throws IOException {
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(folder)) {
      paths = walk.filter(Files::isRegularFile).sorted(Comparator.naturalOrder()).toList();
    }
    progress.begin("looking for changes", 0, 0);
    List<BackupListing.Entry> files = new ArrayList<>();
    for (Path path : paths) {
      String name = folder.relativize(path).toString().replace('\\', '/');
      if (name.equals("LOCK")) {
        continue;
      }
      String known = hashes.get(name);
      files.add(
          new BackupListing.Entry(
              name, Files.size(path), known == null ? sha256(path) : known, false));
      marker.renew();
    }
    return files;
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return Sha256.of(in);
    }
  }

  private void upload(BackupListing.Entry file) throws IOException {
    String object = repository.object(file.sha256());
    String sha256 = put(object, file);
    if (!sha256.equals(file.sha256())) {
      // A file that is damaged here is better than none: the rest of it can be read. It must only
      // not pass for the file that it was.
      repository.store.delete(object);
      String again = put(repository.object(sha256), file);
      if (!again.equals(sha256)) {
        throw new IOException(file.path() + " changes while it is read");
      }
      actual.put(file.sha256(), sha256);
      problems.add(
          file.path()
              + " is damaged in the data folder: its SHA-256 is "
              + sha256
              + ", not "
              + file.sha256());
    }
    uploadedFiles.incrementAndGet();
    uploadedBytes.addAndGet(file.bytes());
  }

  /** Stores a file; gives the SHA-256 of what was read of it. */
  private String put(String object, BackupListing.Entry file) throws IOException {
    MessageDigest digest = Sha256.digest();
    repository.put(
        object,
        new ChunkStore.Source() {
          @Override
          public long bytes() {
            return file.bytes();
          }

          @Override
          public InputStream open() throws IOException {
            digest.reset();
            return new DigestInputStream(Files.newInputStream(folder.resolve(file.path())), digest);
          }
        });
    return Sha256.hex(digest);
  }
}
