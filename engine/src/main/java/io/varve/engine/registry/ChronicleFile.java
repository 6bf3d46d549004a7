package io.varve.engine.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;
import org.jspecify.annotations.Nullable;

/**
 * One Chronicle Map file of a fixed capacity, bytes to bytes. Everything may throw whatever comes
 * into Chronicle Map's mind; {@link ChronicleBook} deals with that. One thread.
 */
final class ChronicleFile implements AutoCloseable {
  private static final int CHUNK_BYTES = 64;

  /** The longest help text of three bytes a character, with the longest name and the rest. */
  private static final int CHUNKS_PER_ENTRY =
      (3 * Registry.MAX_HELP_CHARS + Registry.MAX_NAME_BYTES + 1024) / CHUNK_BYTES;

  /** So many entries a segment: less would leave no room for a long text in it. */
  private static final int ENTRIES_PER_SEGMENT = 1 << 13;

  /** How far texts longer than usual may make a file grow. */
  private static final double MOST_BLOAT = 20;

  static {
    // It would greet the log with advertising.
    if (System.getProperty("chronicle.announcer.disable") == null) {
      System.setProperty("chronicle.announcer.disable", "true");
    }
  }

  private final Path path;
  private final long capacity;
  private final ChronicleMap<byte[], byte[]> map;

  private ChronicleFile(Path path, long capacity, ChronicleMap<byte[], byte[]> map) {
    this.path = path;
    this.capacity = capacity;
    this.map = map;
  }

  private static ChronicleMapBuilder<byte[], byte[]> builder(long capacity) {
    // All sizes are spelled out, because recovery needs the very same configuration.
    return ChronicleMapBuilder.of(byte[].class, byte[].class)
        .name("varve-registry")
        .entries(capacity)
        .averageKeySize(48)
        .averageValueSize(144)
        .actualSegments((int) Math.max(1, capacity / ENTRIES_PER_SEGMENT))
        .actualChunkSize(CHUNK_BYTES)
        .maxChunksPerEntry(CHUNKS_PER_ENTRY)
        .maxBloatFactor(MOST_BLOAT)
        .checksumEntries(true);
  }

  /** Creates a file, or opens one that was closed in order. */
  static ChronicleFile open(Path path, long capacity) throws IOException {
    return new ChronicleFile(path, capacity, builder(capacity).createPersistedTo(path.toFile()));
  }

  /** Opens a file that was left open by a process that died. */
  static ChronicleFile recover(Path path, long capacity) throws IOException {
    return new ChronicleFile(
        path, capacity, builder(capacity).recoverPersistedTo(path.toFile(), true));
  }

  byte @Nullable [] get(byte[] key) {
    return map.get(key);
  }

  void put(byte[] key, byte[] value) {
    map.put(key, value);
  }

  void remove(byte[] key) {
    map.remove(key);
  }

  void forEach(BiConsumer<byte[], byte[]> consumer) {
    map.forEach(consumer);
  }

  long size() {
    return map.longSize();
  }

  long capacity() {
    return capacity;
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    map.close();
  }
}
