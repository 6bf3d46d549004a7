package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFile;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.GroupedFormat;
import io.varve.engine.partition.ManifestEdit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Files of grouped aggregates: writes them, reads them, and keeps tables that were read lately. Any
 * thread reads, one writes.
 */
final class GroupedFiles {
  /** Memory for tables. */
  private static final long MOST_BYTES = 32L << 20;

  private final FileSystem fs;
  private final Path dataDir;
  private final EngineCounters counters;
  private final LinkedHashMap<String, GroupedTable> known = new LinkedHashMap<>(16, 0.75f, true);
  private long knownBytes;
  private final Set<String> unreadable = ConcurrentHashMap.newKeySet();

  GroupedFiles(FileSystem fs, Path dataDir, EngineCounters counters) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.counters = counters;
  }

  /**
   * Writes the tables of a window, and says so in an edit.
   *
   * @param tables as the work wants them
   */
  void write(GroupedWork work, List<GroupedTable> tables, ManifestEdit edit) throws IOException {
    try (StagedFiles staged = new StagedFiles(fs, 1)) {
      for (int i = 0; i < tables.size(); i++) {
        GroupedWork.Wanted wanted = work.tables().get(i);
        GroupedTable table = tables.get(i);
        long start = work.window().startExclusive();
        String path = GroupedFile.path(start, wanted.digest(), wanted.stepMillis(), work.state());
        byte[] bytes = table.groups().isEmpty() ? new byte[0] : GroupedFormat.encode(table);
        if (bytes.length > 0) {
          StagedFile file = StagedFile.create(fs, dataDir.resolve(path));
          staged.add(file);
          file.out().write(bytes, 0, bytes.length);
          counters.bytesWritten.add(bytes.length);
        }
        edit.addGrouped(
            new GroupedFile(
                start,
                path,
                bytes.length,
                HexFormat.of().formatHex(sha256(bytes)),
                wanted.stepMillis(),
                wanted.digest(),
                work.state(),
                table.groups().size(),
                false));
      }
      staged.settle();
      for (GroupedWork.Wanted wanted : work.tables()) {
        long start = work.window().startExclusive();
        unreadable.remove(
            GroupedFile.path(start, wanted.digest(), wanted.stepMillis(), work.state()));
      }
    }
  }

  /**
   * The table of a file.
   *
   * @throws CorruptDataException if it is damaged
   * @throws IOException if it cannot be read; it may be gone by now
   */
  GroupedTable table(GroupedFile file) throws IOException {
    String key = file.path() + ' ' + file.sha256(); // one that was wrong may be made anew
    synchronized (known) {
      GroupedTable table = known.get(key);
      if (table != null) {
        return table;
      }
    }
    GroupedTable table;
    try {
      table = read(fs, dataDir, file);
    } catch (CorruptDataException | IOException e) {
      unreadable.add(file.path());
      throw e;
    }
    synchronized (known) {
      if (known.put(key, table) == null) {
        knownBytes += table.residentBytes();
      }
      Iterator<Map.Entry<String, GroupedTable>> oldest = known.entrySet().iterator();
      while (knownBytes > MOST_BYTES && oldest.hasNext()) {
        knownBytes -= oldest.next().getValue().residentBytes();
        oldest.remove();
      }
    }
    return table;
  }

  /** True if a file could not be read, and has not been written anew since. */
  boolean isUnreadable(GroupedFile file) {
    return unreadable.contains(file.path());
  }

  /** Reads and checks a file. */
  static GroupedTable read(FileSystem fs, Path dataDir, GroupedFile file) throws IOException {
    byte[] bytes = fs.readAll(dataDir.resolve(file.path()));
    GroupedTable table = GroupedFormat.decode(bytes, file.path());
    if (!HexFormat.of().formatHex(sha256(bytes)).equals(file.sha256())
        || table.startExclusive() != file.window()
        || table.stepMillis() != file.stepMillis()) {
      throw new CorruptDataException(
          file.path(), 0, "is not the file that the manifest means: another file's bytes");
    }
    return table;
  }

  /** A short name of a text. */
  static String digest(String text) {
    return GroupedFile.digest(sha256(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
