package io.varve.retention.backup;

import io.varve.engine.DataFolder;
import io.varve.engine.format.Sha256;
import io.varve.retention.chunkstore.ChunkStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The backups in a {@link ChunkStore}. A backup is a listing that names objects; each object is one
 * file of a data folder, named by its content, so that files which did not change between two
 * backups are stored once.
 *
 * <p>Any thread; several processes may work on the same store. The caller closes the store.
 */
public final class Backups {
  /** Stands for the newest backup. */
  public static final String LATEST = "latest";

  private static final System.Logger LOG = System.getLogger(Backups.class.getName());

  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final ChunkStore store;
  private final @Nullable BackupKey key;
  private final InstantSource clock;

  /**
   * Those in a store; nothing is read yet.
   *
   * @param key with which they are encrypted; null if they are not
   */
  public Backups(ChunkStore store, @Nullable BackupKey key, InstantSource clock) {
    this.store = store;
    this.key = key;
    this.clock = clock;
  }

  /**
   * What was made.
   *
   * @param uploadedFiles how many files were not there already
   * @param uploadedBytes their size
   * @param problems files that are not what the data folder's manifest says of them, and are in the
   *     backup as they are
   */
  public record Created(
      BackupListing listing, int uploadedFiles, long uploadedBytes, List<String> problems) {
    /** Keeps its own copy. */
    public Created {
      problems = List.copyOf(problems);
    }
  }

  /**
   * A backup that is there.
   *
   * @param listing null if it cannot be read
   * @param problem why not; "" if it can
   */
  public record Found(String name, @Nullable BackupListing listing, String problem) {}

  /**
   * What a check has found.
   *
   * @param backups how many were checked
   * @param objects how many objects they need; each was read
   * @param bytes size of their files
   * @param stretches how many objects of the archived log were read
   * @param problems one for each damaged or missing object, naming it and the backups that need it,
   *     and one for each backup that was made of damaged files
   */
  public record Verified(
      int backups, int objects, long bytes, int stretches, List<String> problems) {
    /** Keeps its own copy. */
    public Verified {
      problems = List.copyOf(problems);
    }
  }

  /**
   * Stores a data folder that nobody writes to. It is there, as a whole, when this returns; if it
   * fails or is killed, no backup is there, and the next one goes on from what was stored already.
   *
   * @param folder as {@link io.varve.engine.Engine#backUp} makes it
   * @param position log position of the last record in it
   * @param madeAt the time at which everything acknowledged was in it
   */
  public Created create(Path folder, long position, Instant madeAt, Progress progress)
      throws IOException {
    return create(folder, position, madeAt, "", 0, progress);
  }

  /**
   * The same, of a store whose log is archived here.
   *
   * @param timeline on which the position lies; "" for none
   * @param untilMillis by then everything had been logged that is in the folder
   */
  public Created create(
      Path folder,
      long position,
      Instant madeAt,
      String timeline,
      long untilMillis,
      Progress progress)
      throws IOException {
    Repository repository = Repository.open(store, key, true);
    String name = newName(madeAt);
    try (Marker marker = Marker.put(repository, Repository.CREATING, name, clock)) {
      if (Marker.isFresh(repository, Repository.PRUNING, clock)) {
        throw new IOException(
            "old backups are being removed from "
                + store.place()
                + " at this moment: try again when that is done");
      }
      DataFolder data = new DataFolder(folder);
      Upload upload = new Upload(repository, folder, data.hashes(), marker, progress);
      List<BackupListing.Entry> files = upload.run();
      BackupListing listing =
          new BackupListing(
              name,
              madeAt.toEpochMilli(),
              List.of(
                  new BackupListing.Shard(
                      0,
                      HexFormat.of().toHexDigits(data.storeId()),
                      position,
                      timeline,
                      untilMillis,
                      files)));
      repository.put(listing);
      return new Created(
          listing, upload.uploadedFiles(), upload.uploadedBytes(), upload.problems());
    }
  }

  private static String newName(Instant time) {
    return NAME.format(time) + "-" + HexFormat.of().toHexDigits(new SecureRandom().nextInt());
  }

  /** A name for a new timeline of a log archive. */
  public String newTimeline() {
    return newName(clock.instant());
  }

  /**
   * Opens a timeline of the log archive at its end, to go on with it.
   *
   * @param timeline as {@link #newTimeline} gave it
   * @param storeId number of the store whose log it is
   * @param position at which it began
   * @param second at which it began
   */
  public LogArchive archive(String timeline, long storeId, long position, long second)
      throws IOException {
    return LogArchive.open(Repository.open(store, key, true), timeline, storeId, position, second);
  }

  /**
   * How far a log is archived.
   *
   * @param position of the last record
   * @param second up to which it tells where the log stood
   */
  public record Archived(long position, long second) {}

  /**
   * How far a timeline goes, as whoever stored its newest stretch says; cheap.
   *
   * @return null if nothing is there yet
   */
  public @Nullable Archived archived(String timeline) throws IOException {
    String name = LogArchive.newest(Repository.open(store, key, false), timeline);
    StretchName newest = name == null ? null : StretchName.parse(name);
    return newest == null ? null : new Archived(newest.last(), newest.end());
  }

  /**
   * Seconds to which a store can be restored, with all between them.
   *
   * @param timeline of the log archive
   * @param fromSecond the first one, since the epoch
   * @param toSecond the last one
   */
  public record Range(String timeline, long fromSecond, long toSecond) {
    /** For people. */
    public String text() {
      return Instant.ofEpochSecond(fromSecond)
          + " to "
          + Instant.ofEpochSecond(toSecond)
          + " (timeline "
          + timeline
          + ")";
    }
  }

  /** The seconds to which a store can be restored with {@link #restoreAt}, oldest first. */
  public List<Range> ranges() throws IOException {
    Repository repository;
    try {
      repository = Repository.open(store, key, false);
    } catch (NoSuchFileException e) {
      return List.of();
    }
    return new PointInTime(repository, listings(list(repository))).ranges();
  }

  private static List<BackupListing> listings(List<Found> found) {
    List<BackupListing> listings = new ArrayList<>();
    for (Found one : found) {
      if (one.listing() != null) {
        listings.add(one.listing());
      }
    }
    return listings;
  }

  /**
   * What was restored.
   *
   * @param listing of the backup
   * @param second whose state it is: everything that was acknowledged before it began
   * @param records of the log that came behind the backup
   */
  public record RestoredAt(BackupListing listing, long second, long records) {}

  /**
   * Makes a data folder with the state at a second, of the newest backup before it and the archived
   * log; otherwise as {@link #restore}. It has everything that was acknowledged before the second
   * began, and nothing that was logged in it or later.
   *
   * @param second since the epoch
   * @param timeline of the log archive; "" for the newest that knows the second
   * @param evenEarlier whether a second that is not known may be replaced by the last one before it
   *     that is
   * @throws IOException also if the second is not known; the message names those that are
   */
  public RestoredAt restoreAt(
      long second, String timeline, boolean evenEarlier, Path folder, Progress progress)
      throws IOException {
    Repository repository = Repository.open(store, key, false);
    PointInTime.Plan plan =
        new PointInTime(repository, listings(list(repository))).plan(second, timeline, evenEarlier);
    new Restore(repository, plan.listing(), plan.tail(), folder, progress).run();
    return new RestoredAt(
        plan.listing(),
        plan.tail().second(),
        plan.tail().position() - PointInTime.position(plan.listing()));
  }

  /** True if anybody has begun to make backups, or to archive a log, in this place. */
  public boolean isBegun() throws IOException {
    try {
      var _ = Repository.open(store, key, false);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** All backups that were made to the end, oldest first. */
  public List<Found> list() throws IOException {
    Repository repository;
    try {
      repository = Repository.open(store, key, false);
    } catch (NoSuchFileException e) {
      return List.of();
    }
    return list(repository);
  }

  private static List<Found> list(Repository repository) throws IOException {
    List<Found> found = new ArrayList<>();
    for (String name : names(repository)) {
      try {
        found.add(new Found(name, repository.listing(name), ""));
      } catch (NoSuchFileException e) {
        LOG.log(System.Logger.Level.DEBUG, "removed meanwhile", e);
      } catch (DamagedObjectException e) {
        found.add(new Found(name, null, String.valueOf(e.getMessage())));
      }
    }
    return found;
  }

  private static List<String> names(Repository repository) throws IOException {
    List<String> names = new ArrayList<>();
    for (ChunkStore.Item item : repository.store.list(Repository.LISTINGS)) {
      String name = item.name().substring(Repository.LISTINGS.length());
      if (BackupListing.NAME.matcher(name).matches()) {
        names.add(name);
      }
    }
    return names;
  }

  /** An object, and who needs it. */
  private static final class Needed {
    final BackupListing.Entry entry;
    final Set<String> backups = new TreeSet<>();
    final Set<String> paths = new TreeSet<>();

    Needed(BackupListing.Entry entry) {
      this.entry = entry;
    }
  }

  /**
   * Reads every object of one backup, or of all and of the archived log, and proves its bytes.
   *
   * @param name of the backup, {@link #LATEST}, or "" for all
   */
  public Verified verify(String name, Progress progress) throws IOException {
    Repository repository = Repository.open(store, key, false);
    List<String> problems = new ArrayList<>();
    List<BackupListing> listings = new ArrayList<>();
    Map<String, Needed> objects = new LinkedHashMap<>();
    List<String> names = name.isEmpty() ? names(repository) : List.of(resolved(repository, name));
    long bytes = 0;
    for (String one : names) {
      BackupListing listing;
      try {
        listing = repository.listing(one);
      } catch (DamagedObjectException e) {
        problems.add("backup " + one + " cannot be restored: " + e.getMessage());
        continue;
      }
      bytes += listing.bytes();
      listings.add(listing);
      if (!listing.damaged().isEmpty()) {
        problems.add(
            "backup "
                + one
                + " was made of files that were damaged already: "
                + String.join(", ", listing.damaged()));
      }
      for (BackupListing.Shard shard : listing.shards()) {
        for (BackupListing.Entry file : shard.files()) {
          Needed needed =
              objects.computeIfAbsent(repository.object(file.sha256()), object -> new Needed(file));
          needed.backups.add(one);
          needed.paths.add(file.path());
        }
      }
    }
    progress.begin(
        "reading",
        objects.size(),
        objects.values().stream().mapToLong(needed -> needed.entry.bytes()).sum());
    Map<String, String> damaged = new TreeMap<>();
    Workers.each(
        List.copyOf(objects.entrySet()),
        object -> {
          BackupListing.Entry entry = object.getValue().entry;
          String problem = problem(repository, object.getKey(), entry);
          if (!problem.isEmpty()) {
            synchronized (damaged) {
              damaged.put(object.getKey(), problem);
            }
          }
          progress.advance(entry.bytes());
        });
    damaged.forEach(
        (object, problem) -> {
          Needed needed = objects.get(object);
          if (needed != null) {
            problems.add(
                "object "
                    + object
                    + " "
                    + problem
                    + "; it is "
                    + String.join(", ", needed.paths)
                    + " of backup "
                    + String.join(", ", needed.backups));
          }
        });
    int stretches = 0;
    if (name.isEmpty()) {
      ArchiveCheck archive = new ArchiveCheck(repository, listings, progress);
      problems.addAll(archive.run());
      stretches = archive.objects();
    }
    return new Verified(names.size(), objects.size(), bytes, stretches, problems);
  }

  /** What is wrong with an object; "" if nothing is. */
  private static String problem(Repository repository, String object, BackupListing.Entry expected)
      throws IOException {
    try (InputStream in = repository.open(object)) {
      CountingStream counted = new CountingStream(in);
      String sha256 = Sha256.of(counted);
      if (counted.bytes() != expected.bytes()) {
        return "is damaged: " + counted.bytes() + " bytes in place of " + expected.bytes();
      }
      return sha256.equals(expected.sha256()) ? "" : "is damaged: its SHA-256 is " + sha256;
    } catch (NoSuchFileException e) {
      return "is missing";
    } catch (DamagedObjectException e) {
      return "is damaged: " + e.getMessage();
    }
  }

  private String resolved(Repository repository, String name) throws IOException {
    if (!name.equals(LATEST)) {
      return name;
    }
    List<String> names = names(repository);
    if (names.isEmpty()) {
      throw new NoSuchFileException("backup in " + store.place());
    }
    return names.getLast();
  }

  /**
   * Makes a data folder of a backup, which an engine then opens as after a power cut. Every file is
   * proven while it is written, and durable at the end. If it fails or is killed, doing the same
   * again goes on where it ended; no engine opens the folder before it is whole.
   *
   * @param name of the backup, or {@link #LATEST}
   * @param folder does not exist, is empty, or holds a part of the same backup
   * @return the listing of what was restored
   * @throws DamagedObjectException if an object is damaged or missing; it is named, and the
   *     backup's other files are not
   */
  public BackupListing restore(String name, Path folder, Progress progress) throws IOException {
    Repository repository = Repository.open(store, key, false);
    BackupListing listing = repository.listing(resolved(repository, name));
    new Restore(repository, listing, null, folder, progress).run();
    return listing;
  }

  /**
   * Removes backups that are not to be kept, and the objects that no backup needs any more.
   *
   * @param keep says which stay
   */
  public Pruning.Result prune(KeepRules keep) throws IOException {
    Repository repository;
    try {
      repository = Repository.open(store, key, false);
    } catch (NoSuchFileException e) {
      return new Pruning.Result(List.of(), 0, 0, 0, "");
    }
    return new Pruning(repository, clock).run(list(repository), keep);
  }

  /** The names of all objects that a listing needs. */
  static Set<String> objects(Repository repository, BackupListing listing) {
    Set<String> objects = new HashSet<>();
    for (BackupListing.Shard shard : listing.shards()) {
      shard.files().forEach(file -> objects.add(repository.object(file.sha256())));
    }
    return objects;
  }
}
