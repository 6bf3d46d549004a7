package io.varve.retention.backup;

import io.varve.engine.LogFeed;
import io.varve.engine.format.CorruptDataException;
import io.varve.retention.chunkstore.ChunkStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One timeline of a store's log in the place of its backups: stretches of records that follow one
 * another without a gap, from the position at which it began. A log that goes on otherwise than
 * what is archived of it (records were trimmed, a backup was restored) goes on in another timeline.
 * One thread.
 */
public final class LogArchive {
  private static final int MOST_NAME_BYTES = 1 << 10;

  private final Repository repository;
  private final String timeline;
  private final long storeId;
  private String previous = "";
  private long last;
  private long endSecond;
  private LogFeed.@Nullable Mark end;

  private LogArchive(
      Repository repository, String timeline, long storeId, long position, long second) {
    this.repository = repository;
    this.timeline = timeline;
    this.storeId = storeId;
    this.last = position;
    this.endSecond = second;
  }

  /**
   * The end of a timeline, as the store has it.
   *
   * @param position at which it began
   * @param second at which it began
   * @throws IOException if its last object cannot be read, or is that of another store's log
   */
  static LogArchive open(
      Repository repository, String timeline, long storeId, long position, long second)
      throws IOException {
    LogArchive archive = new LogArchive(repository, timeline, storeId, position, second);
    List<StretchName> stretches =
        stretches(repository, Repository.LOG + timeline + "/").getOrDefault(timeline, List.of());
    if (!stretches.isEmpty()) {
      StretchName newest = stretches.getLast();
      LogStretch.Content content = read(repository, newest);
      if (content.storeId() != storeId) {
        throw new DamagedObjectException(newest.object() + ": is of another store's log");
      }
      archive.previous = newest.object();
      archive.last = newest.last();
      archive.endSecond = newest.end();
      archive.end = content.marks().isEmpty() ? null : content.marks().getLast();
    }
    return archive;
  }

  /** Its name. */
  public String timeline() {
    return timeline;
  }

  /** Position of the last record that is archived. */
  public long last() {
    return last;
  }

  /** The second up to which it tells where the log stood. */
  public long endSecond() {
    return endSecond;
  }

  /**
   * When the records behind the last one were logged is not known, but for those of later seconds.
   *
   * @param second in which marks began again
   */
  public void loseTrackOfTime(long second) {
    end = null;
    endSecond = Math.max(endSecond, second);
  }

  /**
   * Stores a stretch.
   *
   * @param stretch begins where the last one ended
   * @param marks where the log stood when; those behind the stretch's end are for the next one
   * @return its size in the store; 0 if there was nothing to store
   */
  public long put(LogStretch stretch, List<LogFeed.Mark> marks) throws IOException {
    if (stretch.after() != last) {
      throw new IllegalArgumentException("records behind " + stretch.after() + ", not " + last);
    }
    List<LogFeed.Mark> told = new ArrayList<>();
    LogFeed.Mark from = end;
    if (from != null) {
      told.add(from);
    }
    for (LogFeed.Mark mark : marks) {
      if (mark.second() > endSecond && mark.position() <= stretch.last()) {
        told.add(mark);
      }
    }
    long begin = told.isEmpty() ? endSecond : told.getFirst().second();
    long until = told.isEmpty() ? endSecond : told.getLast().second();
    if (stretch.isEmpty() && until == endSecond) {
      return 0;
    }
    StretchName name = new StretchName(timeline, begin, until, last, stretch.last());
    byte[] bytes = stretch.encode(storeId, previous, told);
    repository.put(name.object(), Repository.source(bytes));
    previous = name.object();
    last = stretch.last();
    endSecond = until;
    end = told.isEmpty() ? null : told.getLast();
    // By this, verify notices if the newest object has gone.
    repository.put(
        newest(timeline), Repository.source(previous.getBytes(StandardCharsets.US_ASCII)));
    return repository.stored(bytes.length);
  }

  /** The name of the object that holds the name of a timeline's newest stretch. */
  static String newest(String timeline) {
    return Repository.LOG + timeline + "/" + Repository.NEWEST;
  }

  /**
   * What that object says; null if there is none.
   *
   * @throws DamagedObjectException if it is damaged
   */
  static @Nullable String newest(Repository repository, String timeline) throws IOException {
    String object = newest(timeline);
    String name;
    try (InputStream in = repository.open(object)) {
      name = new String(in.readNBytes(MOST_NAME_BYTES), StandardCharsets.US_ASCII);
    } catch (NoSuchFileException e) {
      return null;
    } catch (DamagedObjectException e) {
      throw damaged(object, e);
    }
    if (StretchName.parse(name) == null) {
      throw new DamagedObjectException("object " + object + " is damaged: it names no object");
    }
    return name;
  }

  /**
   * Stretches by timeline, in the order in which they were made.
   *
   * @param prefix of the objects
   */
  static SortedMap<String, List<StretchName>> stretches(Repository repository, String prefix)
      throws IOException {
    SortedMap<String, List<StretchName>> all = new TreeMap<>();
    for (ChunkStore.Item item : repository.store.list(prefix)) {
      StretchName name = StretchName.parse(item.name());
      if (name != null) {
        all.computeIfAbsent(name.timeline(), _ -> new ArrayList<>()).add(name);
      }
    }
    all.values().forEach(stretches -> stretches.sort(StretchName.ORDER));
    return all;
  }

  /**
   * Reads a stretch and proves that it is the one of its name.
   *
   * @throws DamagedObjectException if it is damaged or missing
   */
  static LogStretch.Content read(Repository repository, StretchName name) throws IOException {
    String object = name.object();
    byte[] bytes;
    try (InputStream in = repository.open(object)) {
      bytes = in.readNBytes(LogStretch.MOST_BYTES);
    } catch (NoSuchFileException e) {
      DamagedObjectException missing =
          new DamagedObjectException("object " + object + " is missing");
      missing.initCause(e);
      throw missing;
    } catch (DamagedObjectException e) {
      throw damaged(object, e);
    }
    LogStretch.Content content;
    try {
      content = LogStretch.decode(bytes, object);
    } catch (CorruptDataException e) {
      throw damaged(object, e);
    }
    List<LogFeed.Mark> marks = content.marks();
    if (content.after() != name.after()
        || content.last() != name.last()
        || (!marks.isEmpty()
            && (marks.getFirst().second() != name.begin()
                || marks.getLast().second() != name.end()))) {
      throw new DamagedObjectException("object " + object + " is damaged: it is another stretch");
    }
    return content;
  }

  private static DamagedObjectException damaged(String object, Exception cause) {
    DamagedObjectException damaged =
        new DamagedObjectException("object " + object + " is damaged: " + cause.getMessage());
    damaged.initCause(cause);
    return damaged;
  }
}
