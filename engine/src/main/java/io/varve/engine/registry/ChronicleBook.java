package io.varve.engine.registry;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Metadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The registry's folder and the one file in it that counts: how it is opened, recovered, grown,
 * thrown away and closed. Owned by one platform thread.
 *
 * <p>A mapped file with bad bytes can do worse than answer wrongly: it can end the process. So a
 * file is only mapped when its bytes are known to be good. {@code STATE} says which file counts and
 * how it was left:
 *
 * <ul>
 *   <li>{@code clean file bytes crc}: closed in order; it is opened if size and checksum of the
 *       whole file still hold.
 *   <li>{@code open file boot}: its process died. If the machine has not been booted since, the
 *       system still had every page; it is opened with recovery, and what is sound in it is copied
 *       to a new file. If it was booted, pages may be missing: thrown away.
 *   <li>{@code recovering file}: the process died while recovering it: thrown away.
 * </ul>
 */
final class ChronicleBook {
  private static final String STATE = "STATE";
  private static final Pattern FILE = Pattern.compile("facts-2-(\\d{1,7})-(\\d{1,9})\\.cm");
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final long FIRST_CAPACITY = 1 << 9;
  private static final long ROOM_BYTES = 64L << 20;

  private final FileSystem fileSystem;
  private final Path folder;
  private final Consumer<String> warnings;
  private final Runnable factsLost;
  private final String bootId;
  private final FactsCodec codec = new FactsCodec();
  private long generation;
  private long forgotten;
  private @Nullable ChronicleFile file;

  /** Takes the file's place when not even a new file can be made. */
  private @Nullable HeapRegistry heap;

  /**
   * @param factsLost run when facts that were known may be missing
   */
  ChronicleBook(FileSystem fileSystem, Path folder, Consumer<String> warnings, Runnable factsLost) {
    this.fileSystem = fileSystem;
    this.folder = folder;
    this.warnings = warnings;
    this.factsLost = factsLost;
    this.bootId = bootId(fileSystem);
  }

  private static String bootId(FileSystem fileSystem) {
    try {
      return new String(fileSystem.readAll(BOOT_ID), StandardCharsets.US_ASCII).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** Opens what is there, or begins anew; never throws. */
  void open() {
    String left = "none";
    try {
      fileSystem.createDirectories(folder);
      left = readState();
      ChronicleFile opened = openLeft(left.split(" "));
      if (opened != null) {
        file = opened;
        deleteOthers(opened.path());
        return;
      }
    } catch (IOException | RuntimeException | LinkageError | InternalError e) {
      warnings.accept("the registry cannot be opened (state: " + left + "): " + e);
    }
    factsLost.run();
    beginAnew(FIRST_CAPACITY);
  }

  private String readState() throws IOException {
    Path state = folder.resolve(STATE);
    if (!fileSystem.exists(state)) {
      return "none";
    }
    return new String(fileSystem.readAll(state), StandardCharsets.US_ASCII).strip();
  }

  private @Nullable ChronicleFile openLeft(String[] state) throws IOException {
    Matcher name = state.length < 2 ? null : FILE.matcher(state[1]);
    if (name == null || !name.matches()) {
      return null;
    }
    Path path = folder.resolve(state[1]);
    long capacity = Long.parseLong(name.group(1));
    generation = Long.parseLong(name.group(2));
    if (!fileSystem.exists(path)) {
      return null;
    }
    if (state[0].equals("clean") && state.length == 4) {
      long bytes = fileSystem.size(path);
      if (!state[2].equals(Long.toString(bytes)) || !state[3].equals(checksum(path))) {
        warnings.accept("the registry is damaged and is rebuilt: " + path + " has changed");
        return null;
      }
      writeState("open " + state[1] + " " + bootId);
      return ChronicleFile.open(path, capacity);
    }
    if (state[0].equals("open") && state.length == 3 && state[2].equals(bootId)) {
      writeState("recovering " + state[1]);
      try (ChronicleFile recovered = ChronicleFile.recover(path, capacity)) {
        // What was being put in at the end may be gone.
        factsLost.run();
        return copy(recovered, capacity);
      }
    }
    warnings.accept("the registry was not closed in order and is rebuilt");
    return null;
  }

  /** Copies what is sound into a new file, which then counts. */
  private ChronicleFile copy(ChronicleFile from, long capacity) throws IOException {
    ChronicleFile to = create(capacity);
    boolean whole = false;
    try {
      from.forEach(
          (key, value) -> {
            if (codec.sound(key, value)) {
              to.put(key, value);
            } else {
              damaged();
            }
          });
      writeState("open " + to.path().getFileName() + " " + bootId);
      whole = true;
      return to;
    } finally {
      if (!whole) {
        to.close();
      }
    }
  }

  private ChronicleFile create(long capacity) throws IOException {
    long usable = fileSystem.usableBytes(folder);
    // About 320 bytes an entry; writing to a mapped file on a full disk would end the process.
    long needed = ROOM_BYTES + capacity * 640;
    if (usable < needed) {
      throw new IOException(folder + ": " + usable + " bytes left, " + needed + " wanted");
    }
    generation++;
    Path path = folder.resolve("facts-2-" + capacity + "-" + generation + ".cm");
    fileSystem.delete(path);
    return ChronicleFile.open(path, capacity);
  }

  /** Throws away what there is and begins with an empty file; never throws. */
  private void beginAnew(long capacity) {
    closeQuietly();
    try {
      ChronicleFile created = create(capacity);
      file = created;
      writeState("open " + created.path().getFileName() + " " + bootId);
      deleteOthers(created.path());
    } catch (IOException | RuntimeException | LinkageError | InternalError e) {
      closeQuietly();
      warnings.accept("the registry goes on without its file: " + e);
      heap = new HeapRegistry(Registry.MAX_ENTRIES);
    }
  }

  private void closeQuietly() {
    ChronicleFile closing = file;
    file = null;
    if (closing != null) {
      try {
        closing.close();
      } catch (RuntimeException | LinkageError | InternalError e) {
        warnings.accept("the registry's file could not be closed: " + e);
      }
    }
  }

  private void deleteOthers(Path current) throws IOException {
    for (Path path : fileSystem.list(folder)) {
      String name = String.valueOf(path.getFileName());
      if (name.startsWith("facts-") && !path.equals(current)) {
        fileSystem.delete(path);
      }
    }
  }

  private void writeState(String state) throws IOException {
    byte[] bytes = (state + "\n").getBytes(StandardCharsets.US_ASCII);
    Path temporary = folder.resolve(STATE + ".tmp");
    fileSystem.delete(temporary);
    try (FileSystem.AppendFile out = fileSystem.create(temporary)) {
      out.write(bytes, 0, bytes.length);
      out.sync();
    }
    fileSystem.rename(temporary, folder.resolve(STATE));
    fileSystem.syncDirectory(folder);
  }

  private String checksum(Path path) throws IOException {
    CRC32C crc = new CRC32C();
    byte[] buffer = new byte[1 << 18];
    try (FileSystem.ReadFile in = fileSystem.open(path)) {
      for (long at = 0; at < in.size(); at += buffer.length) {
        int length = (int) Math.min(buffer.length, in.size() - at);
        in.readFully(at, buffer, 0, length);
        crc.update(buffer, 0, length);
      }
    }
    return Long.toHexString(crc.getValue());
  }

  /** Closes the file in order, so that the next start can trust it; never throws. */
  void close() {
    ChronicleFile closing = file;
    if (closing == null) {
      return;
    }
    Path path = closing.path();
    closeQuietly();
    try {
      try (FileSystem.AppendFile synced = fileSystem.openForAppend(path)) {
        synced.sync();
      }
      writeState(
          "clean " + path.getFileName() + " " + fileSystem.size(path) + " " + checksum(path));
    } catch (IOException e) {
      warnings.accept("the registry's file could not be finished: " + e);
    }
  }

  // Facts.

  /** Carries out one access; damage throws the file away and answers {@code fallback}. */
  private <T> T guarded(T fallback, Supplier<T> access) {
    try {
      return access.get();
    } catch (RuntimeException | LinkageError | InternalError e) {
      warnings.accept("the registry is damaged and is rebuilt: " + e);
      forgotten++;
      factsLost.run();
      beginAnew(FIRST_CAPACITY);
      return fallback;
    }
  }

  private void damaged() {
    forgotten++;
    factsLost.run();
  }

  private byte @Nullable [] sound(ChronicleFile in, byte[] key) {
    byte[] value = in.get(key);
    if (value != null && !codec.sound(key, value)) {
      warnings.accept("an entry of the registry is damaged and is forgotten");
      in.remove(key);
      damaged();
      return null;
    }
    return value;
  }

  private void put(ChronicleFile into, byte[] key, byte[] value, boolean isNew) {
    ChronicleFile target = into;
    if (isNew && into.size() >= into.capacity()) {
      ChronicleFile larger = grow(into);
      if (larger == null) {
        forgotten++;
        return;
      }
      target = larger;
    }
    try {
      target.put(key, value);
    } catch (IllegalStateException e) {
      // Long texts take the room of many entries.
      ChronicleFile larger = grow(target);
      if (larger == null) {
        forgotten++;
        return;
      }
      larger.put(key, value);
    }
  }

  /** Moves to a file of four times the capacity; null if it is as large as it may be. */
  private @Nullable ChronicleFile grow(ChronicleFile full) {
    if (full.capacity() >= Registry.MAX_ENTRIES) {
      return null;
    }
    try {
      ChronicleFile larger = copy(full, Math.min(Registry.MAX_ENTRIES, full.capacity() * 4));
      file = larger;
      full.close();
      deleteOthers(larger.path());
      return larger;
    } catch (IOException e) {
      warnings.accept("the registry is full and cannot grow: " + e.getMessage());
      return null;
    }
  }

  void change(String tenant, String metric, UnaryOperator<MetricFacts> change) {
    if (!MetricFacts.nameFits(tenant, metric)) {
      forgotten++;
      return;
    }
    HeapRegistry instead = heap;
    if (instead != null) {
      instead.change(tenant, metric, change);
      return;
    }
    guarded(
        true,
        () -> {
          ChronicleFile in = required();
          byte[] key = codec.metricKey(tenant, metric);
          byte[] value = sound(in, key);
          MetricFacts facts = value == null ? MetricFacts.NONE : FactsCodec.metricFacts(value);
          MetricFacts changed = change.apply(facts);
          if (!changed.equals(facts)) {
            put(in, key, codec.value(key, changed), value == null);
          }
          return true;
        });
  }

  MetricFacts facts(String tenant, String metric) {
    HeapRegistry instead = heap;
    if (instead != null) {
      return instead.facts(tenant, metric);
    }
    return guarded(
        MetricFacts.NONE,
        () -> {
          byte[] value = sound(required(), codec.metricKey(tenant, metric));
          return value == null ? MetricFacts.NONE : FactsCodec.metricFacts(value);
        });
  }

  Map<String, Metadata> metadataOf(String tenant) {
    HeapRegistry instead = heap;
    if (instead != null) {
      return instead.metadataOf(tenant);
    }
    return guarded(
        Map.of(),
        () -> {
          Map<String, Metadata> found = new TreeMap<>();
          scan(
              (key, value) -> {
                String metric = FactsCodec.metricOf(key, tenant);
                Metadata about = metric == null ? null : FactsCodec.metricFacts(value).metadata();
                if (metric != null && about != null) {
                  found.put(metric, about);
                }
              });
          return found;
        });
  }

  Map<String, Registry.Activity> activities(String tenant) {
    HeapRegistry instead = heap;
    if (instead != null) {
      return instead.activities(tenant);
    }
    return guarded(
        Map.of(),
        () -> {
          Map<String, Registry.Activity> found = new TreeMap<>();
          scan(
              (key, value) -> {
                String metric = FactsCodec.metricOf(key, tenant);
                if (metric != null) {
                  Registry.Activity activity = FactsCodec.metricFacts(value).activity();
                  if (!activity.equals(Registry.Activity.NONE)) {
                    found.put(metric, activity);
                  }
                }
              });
          return found;
        });
  }

  void addUsage(String tenant, long seriesCreated, long samples) {
    HeapRegistry instead = heap;
    if (instead != null) {
      instead.addUsage(tenant, seriesCreated, samples);
      return;
    }
    if (!MetricFacts.nameFits(tenant, "")) {
      forgotten++;
      return;
    }
    guarded(
        true,
        () -> {
          ChronicleFile in = required();
          byte[] key = codec.tenantKey(tenant);
          byte[] value = sound(in, key);
          Registry.Usage usage = value == null ? Registry.Usage.NONE : FactsCodec.usage(value);
          put(in, key, codec.value(key, usage.plus(seriesCreated, samples)), value == null);
          return true;
        });
  }

  Map<String, Registry.Usage> usages() {
    HeapRegistry instead = heap;
    if (instead != null) {
      return instead.usages();
    }
    return guarded(
        Map.of(),
        () -> {
          Map<String, Registry.Usage> found = new TreeMap<>();
          scan(
              (key, value) -> {
                String tenant = FactsCodec.tenantOf(key);
                if (tenant != null) {
                  found.put(tenant, FactsCodec.usage(value));
                }
              });
          return found;
        });
  }

  Registry.Usage usage(String tenant) {
    HeapRegistry instead = heap;
    if (instead != null) {
      return instead.usage(tenant);
    }
    return guarded(
        Registry.Usage.NONE,
        () -> {
          byte[] value = sound(required(), codec.tenantKey(tenant));
          return value == null ? Registry.Usage.NONE : FactsCodec.usage(value);
        });
  }

  /** Takes sound entries. */
  private interface EntryConsumer {
    void entry(byte[] key, byte[] value) throws CorruptDataException;
  }

  private void scan(EntryConsumer consumer) {
    List<byte[]> bad = new ArrayList<>();
    ChronicleFile in = required();
    in.forEach(
        (key, value) -> {
          if (codec.sound(key, value)) {
            consumer.entry(key, value);
          } else {
            bad.add(key);
          }
        });
    for (byte[] key : bad) {
      in.remove(key);
      damaged();
    }
  }

  private ChronicleFile required() {
    ChronicleFile open = file;
    if (open == null) {
      throw new IllegalStateException("the registry is closed");
    }
    return open;
  }

  long entries() {
    HeapRegistry instead = heap;
    return instead != null ? instead.entries() : guarded(0L, () -> required().size());
  }

  long forgotten() {
    HeapRegistry instead = heap;
    return forgotten + (instead == null ? 0 : instead.forgotten());
  }
}
