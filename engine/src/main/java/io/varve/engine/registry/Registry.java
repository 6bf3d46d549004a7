package io.varve.engine.registry;

import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Metadata;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The book of slow-moving facts that should outlive a window: what is said about metrics, how much
 * a tenant uses, when a metric was last written and queried. Never asked or told per sample, and
 * never the only copy of a truth: everything in it may be lost, and what can be read from files is
 * filled in again when {@link #needsRebuild} says so.
 *
 * <p>No method throws because of the registry's own damage or fullness: facts are forgotten then,
 * counted in {@link #forgotten}, and told to the {@code warnings} given at open. All methods may be
 * called from any thread, virtual ones included.
 *
 * <p>Bounds: facts about a metric whose tenant and name take more than {@link #MAX_NAME_BYTES} are
 * not kept, and help texts are cut to {@link #MAX_HELP_CHARS}, far beyond what people write.
 */
public interface Registry extends AutoCloseable {
  /** Most bytes of tenant and metric name together, in UTF-8. */
  int MAX_NAME_BYTES = 1024;

  /** Most characters of a help text that are kept. */
  int MAX_HELP_CHARS = 16 << 10;

  /** Most metrics and tenants that are kept. */
  int MAX_ENTRIES = 1 << 20;

  /**
   * Opens the registry of a data folder.
   *
   * @param chronicle true for a file that outlives the process ({@code ChronicleRegistry}); where
   *     the JVM flags for it are missing, a warning names them and the registry lives on the heap.
   *     False for the heap
   * @param folder the registry's own folder; created if need be; only used with {@code chronicle}
   * @param warnings told in words what an operator should know
   */
  static Registry open(
      FileSystem fileSystem, Path folder, boolean chronicle, Consumer<String> warnings) {
    if (!chronicle) {
      return new HeapRegistry(MAX_ENTRIES);
    }
    String missing = ChronicleFlags.missing();
    if (missing != null) {
      warnings.accept(
          "the registry lives on the heap and is rebuilt at every start, because its file needs"
              + " JVM flags that are missing: "
              + missing);
      return new HeapRegistry(MAX_ENTRIES);
    }
    return ChronicleRegistry.open(fileSystem, folder, warnings);
  }

  /** A registry on the heap, without file and flags: for tests and embedding programs. */
  static Registry onHeap() {
    return new HeapRegistry(MAX_ENTRIES);
  }

  /** Remembers what is said about a metric, in place of what was said before. */
  void putMetadata(String tenant, String metric, Metadata about);

  /** What is said about a metric, null if nothing. */
  @Nullable Metadata metadata(String tenant, String metric);

  /** What is said about a tenant's metrics, by metric in order; a copy, found by a full scan. */
  Map<String, Metadata> metadataOf(String tenant);

  /** Adds to what a tenant has used. */
  void addUsage(String tenant, long seriesCreated, long samples);

  /** What a tenant has used since the registry began to count; zeros if nothing is known. */
  Usage usage(String tenant);

  /** The usage of all tenants, by tenant in order; a copy, found by a full scan. */
  Map<String, Usage> usages();

  /** A metric was written up to this time; earlier times than the known one change nothing. */
  void written(String tenant, String metric, long epochMillis);

  /** A metric was queried at this time; earlier times than the known one change nothing. */
  void queried(String tenant, String metric, long epochMillis);

  /** When a metric was last written and queried; zeros if not known. */
  Activity activity(String tenant, String metric);

  /**
   * When a tenant's metrics were last written and queried, by metric in order, those of which
   * either is known; a copy, found by a full scan.
   */
  Map<String, Activity> activities(String tenant);

  /** Metrics and tenants that something is known of. */
  long entries();

  /** Facts that could not be kept since the registry was opened: no room, too long, or damaged. */
  long forgotten();

  /** True if facts may be missing that files still tell; until {@link #rebuilt}. */
  boolean needsRebuild();

  /** Everything that files tell has been put in again. */
  void rebuilt();

  /** Keeps what is known, where it can be kept. Later calls have no effect and return nothing. */
  @Override
  void close();

  /**
   * What a tenant has used.
   *
   * @param seriesCreated series that were new when they were written
   * @param samples samples stored
   */
  record Usage(long seriesCreated, long samples) {
    /** Nothing. */
    public static final Usage NONE = new Usage(0, 0);

    /** The sum. */
    public Usage plus(long moreSeries, long moreSamples) {
      return new Usage(seriesCreated + moreSeries, samples + moreSamples);
    }
  }

  /**
   * When a metric was last used, in milliseconds since the epoch, 0 if not known.
   *
   * @param lastWritten newest write
   * @param lastQueried newest query
   */
  record Activity(long lastWritten, long lastQueried) {
    /** Not known. */
    public static final Activity NONE = new Activity(0, 0);
  }
}
