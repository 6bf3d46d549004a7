package io.varve.http.metrics;

import com.sun.management.UnixOperatingSystemMXBean;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The process and its JVM, under the names that other exporters have made common. Any thread. */
final class ProcessCollector implements MultiCollector {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int KIB = 1_024;

  @Override
  public MetricSnapshots collect() {
    Families to = new Families();
    to.gauge(
        "process_start_time_seconds",
        "Start of the process, seconds since the epoch.",
        ManagementFactory.getRuntimeMXBean().getStartTime() / 1000.0);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      to.counter(
              "process_cpu_seconds", "CPU time of the process.", system.getProcessCpuTime() / 1e9)
          .gauge("process_open_fds", "Open file descriptors.", system.getOpenFileDescriptorCount())
          .gauge(
              "process_max_fds",
              "File descriptors that may be open.",
              system.getMaxFileDescriptorCount());
    }
    memory(to);
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    Map<String, Double> heapBytes = new LinkedHashMap<>();
    heapBytes.put("used", (double) heap.getUsed());
    heapBytes.put("committed", (double) heap.getCommitted());
    heapBytes.put("max", (double) heap.getMax());
    Map<String, Double> buffers = new LinkedHashMap<>();
    for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
      buffers.put(pool.getName(), (double) pool.getMemoryUsed());
    }
    Map<String, Double> collections = new LinkedHashMap<>();
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      collections.put(collector.getName(), (double) collector.getCollectionCount());
      seconds.put(collector.getName(), collector.getCollectionTime() / 1000.0);
    }
    return to.gauges("jvm_heap_bytes", "The JVM's heap.", "kind", heapBytes)
        .gauges("jvm_buffer_bytes", "Memory outside the heap, by pool.", "pool", buffers)
        .counters("jvm_gc_collections", "Garbage collections.", "gc", collections)
        .counters("jvm_gc_seconds", "Time in garbage collection.", "gc", seconds)
        .gauge(
            "jvm_threads",
            "Platform threads.",
            ManagementFactory.getThreadMXBean().getThreadCount())
        .all();
  }

  /** Resident memory, as far as the system tells it. */
  private static void memory(Families to) {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("VmRSS:")) {
          to.gauge(
              "process_resident_memory_bytes",
              "Memory that the process has in RAM, mapped files included.",
              kib(line));
        } else if (line.startsWith("RssAnon:")) {
          to.gauge(
              "process_anonymous_memory_bytes",
              "Memory that the process has in RAM, mapped files not included.",
              kib(line));
        }
      }
    } catch (IOException e) {
      System.getLogger(ProcessCollector.class.getName())
          .log(System.Logger.Level.DEBUG, "no " + STATUS + " on this system", e);
    }
  }

  private static double kib(String line) {
    return Long.parseLong(line.replaceAll("\\D", "")) * (double) KIB;
  }
}
