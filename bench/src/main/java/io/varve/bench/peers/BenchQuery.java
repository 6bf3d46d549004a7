package io.varve.bench.peers;

import io.varve.bench.workload.Capture;
import io.varve.bench.workload.Workload;
import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One request of the query benchmark: at one time, over a range of times, or for a list of labels
 * or series.
 *
 * @param group what kind of query it is
 * @param text what is asked, for people
 * @param endpoint the path below {@code /api/v1/}
 * @param selector the query, or what lists are restricted to, empty if to nothing
 * @param endMillis the time, or the end of the range
 * @param windowMillis length of the range, 0 for a query at one time
 * @param stepMillis between two points of a range, 0 for none
 */
record BenchQuery(
    String group,
    String text,
    String endpoint,
    String selector,
    long endMillis,
    long windowMillis,
    long stepMillis) {
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  /** With so much data it is also asked for a point a day, of the day before it. */
  private static final long DAILY_FROM = 4 * DAY;

  /** Not a multiple of any distance between two samples: no step falls on a sample. */
  private static final long SHORT_STEP = 37_000;

  private static final long LONG_STEP = 157_000;
  private static final long LONG_STEPS = 200;
  private static final long LONGEST_RANGE_MINUTES = 7 * 24 * 60;
  private static final long BEFORE_THE_END = 7_123;

  /** The path with all parameters. */
  String path(CacheUse caches, int run) {
    long end = endMillis + caches.shiftMillis(run);
    StringBuilder path = new StringBuilder("/api/v1/").append(endpoint).append('?');
    boolean query = endpoint.startsWith("query");
    if (!selector.isEmpty()) {
      path.append(query ? "query=" : "match%5B%5D=")
          .append(URLEncoder.encode(selector, StandardCharsets.UTF_8))
          .append('&');
    }
    if (windowMillis == 0) {
      path.append("time=").append(seconds(end));
    } else {
      path.append("start=").append(seconds(end - windowMillis));
      path.append("&end=").append(seconds(end));
      if (stepMillis > 0) {
        path.append("&step=").append(seconds(stepMillis));
      }
    }
    return caches == CacheUse.OFF ? path.append("&nocache=1").toString() : path.toString();
  }

  private static String seconds(long millis) {
    return BigDecimal.valueOf(millis, 3).toPlainString();
  }

  /** The same at another time. */
  BenchQuery at(long millis) {
    return new BenchQuery(group, text, endpoint, selector, millis, windowMillis, stepMillis);
  }

  /** The queries that are asked about a workload. */
  static List<BenchQuery> of(Workload workload) {
    long length = workload.lastMillis() - workload.firstMillis();
    List<BenchQuery> all =
        all(
            workload.lastMillis(),
            (double) length / HOUR,
            workload.someInstance(),
            histogram(workload.capture()));
    return switch (workload.shape().kind()) {
      case FLEET, ROWS15, ROWS1, CHURN, OUT_OF_ORDER, LONG_RANGE -> all;
      case NEW_SERIES -> all.stream().filter(q -> !q.group.equals("long range")).toList();
      case MIXED ->
          all.stream()
              .filter(q -> q.group.equals("dashboard") || q.group.equals("alert rule"))
              .toList();
    };
  }

  private static @Nullable String histogram(Capture recording) {
    for (Capture.Series series : recording.series()) {
      if (series.metric().endsWith("_bucket")) {
        return series.metric();
      }
    }
    return null;
  }

  /**
   * The queries of the table: dashboards, alert rules of the node exporter's mixin, single hosts,
   * names by regular expression, long ranges, many series, labels and series.
   *
   * @param hours how much data there is before {@code endMillis}
   * @param instance the label value of one host
   * @param histogram the name of a classic histogram's buckets, null if the data has none
   */
  static List<BenchQuery> all(
      long endMillis, double hours, String instance, @Nullable String histogram) {
    long length = (long) (hours * HOUR);
    Builder b = new Builder(endMillis - BEFORE_THE_END, Math.max(length / 2, length - 10 * MINUTE));
    String host = "{instance=\"" + instance + "\"}";
    long half = Math.max(10, Math.round(hours * 30)); // minutes
    String longRange = "[" + Math.min(LONGEST_RANGE_MINUTES, half) + "m]";

    b.range("dashboard", "sum by (mode) (rate(node_cpu_seconds_total[5m]))");
    b.range(
        "dashboard",
        "100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])))");
    b.range("dashboard", "sum by (zone) (node_load1)");
    b.range("dashboard", "sum by (instance) (rate(node_network_receive_bytes_total[5m]))");
    b.range("dashboard", "quantile(0.9, rate(node_interrupts_total[5m]))");
    b.range("dashboard", "topk(5, rate(node_interrupts_total[5m]))");
    b.range("dashboard", "max by (instance) (irate(node_disk_io_time_seconds_total[5m]))");
    b.range(
        "dashboard",
        "rate(node_network_receive_bytes_total[5m])"
            + " * on (instance, device) group_left (operstate) node_network_info");
    b.range(
        "dashboard", "node_load1 * on (instance) group_left (nodename, release) node_uname_info");
    b.range("dashboard", "1 - node_filesystem_avail_bytes / node_filesystem_size_bytes");
    b.range("dashboard", "max_over_time(rate(node_context_switches_total[5m])[30m:1m])");
    if (histogram != null) {
      b.range("dashboard", "histogram_quantile(0.99, sum by (le) (rate(" + histogram + "[5m])))");
    }
    b.instant(
        "alert rule",
        "node_filesystem_avail_bytes / node_filesystem_size_bytes * 100 < 101"
            + " and predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) > 0"
            + " and node_filesystem_readonly == 0");
    b.instant(
        "alert rule",
        "rate(node_network_receive_errs_total[2m]) / rate(node_network_receive_packets_total[2m])"
            + " < 0.01");
    b.instant(
        "alert rule",
        "sum without (mode)"
            + " (avg without (cpu) (rate(node_cpu_seconds_total{mode!~\"idle|iowait\"}[2m]))) * 100"
            + " > 1");
    b.instant("alert rule", "increase(node_vmstat_oom_kill[5m]) >= 0");
    b.instant(
        "alert rule",
        "(node_timex_offset_seconds > -1000 and deriv(node_timex_offset_seconds[5m]) >= 0)"
            + " or (node_timex_offset_seconds < 1000"
            + " and deriv(node_timex_offset_seconds[5m]) <= 0)");
    b.range("one host", "node_load1" + host);
    b.range("one host", "rate(node_cpu_seconds_total{instance=\"" + instance + "\"}[5m])");
    b.instant("one host", "count(" + host + ")");
    b.instant("names by regex", "sum by (__name__) ({__name__=~\"node_memory_.+_bytes\"})");
    b.range("names by regex", "count by (__name__) ({__name__=~\"node_network_.+_total\"})");
    b.longRange("max by (instance) (max_over_time(node_load1" + longRange + "))");
    b.longRange("avg_over_time(node_memory_MemAvailable_bytes" + longRange + ")");
    b.longRange("sum by (zone) (sum_over_time(node_load5" + longRange + "))");
    b.longRange("sum(count_over_time(node_cpu_seconds_total" + longRange + "))");
    b.longRange("sum by (instance) (increase(node_network_receive_bytes_total" + longRange + "))");
    b.longRange("sum by (mode) (rate(node_cpu_seconds_total" + longRange + "))");
    b.longRange("quantile_over_time(0.95, node_load1" + longRange + ")");
    if (length >= DAILY_FROM) {
      b.daily("max by (instance) (max_over_time(node_load1[1d]))");
      b.daily("avg_over_time(node_memory_MemAvailable_bytes[1d])");
      b.daily("sum by (zone) (sum_over_time(node_load5[1d]))");
      b.daily("sum(count_over_time(node_cpu_seconds_total[1d]))");
      b.daily("sum by (instance) (increase(node_network_receive_bytes_total[1d]))");
      b.daily("sum by (mode) (rate(node_cpu_seconds_total[1d]))");
    }
    b.instant("many series", "count({job=\"node\"})");
    b.range("many series", "count({job=\"node\"})");
    b.instant("many series", "count by (__name__) ({job=\"node\"})");
    b.instant("many series", "count by (__name__) (last_over_time({job=\"node\"}[1h]))");
    b.list("labels", "labels", "");
    b.list("labels", "label/__name__/values", "");
    b.list("labels", "label/instance/values", "node_load1");
    b.list("labels", "label/device/values", host);
    b.list("series", "series", "node_cpu_seconds_total");
    b.list("series", "series", host);
    return b.queries;
  }

  private static final class Builder {
    private final List<BenchQuery> queries = new ArrayList<>();
    private final long end;
    private final long length;

    Builder(long end, long length) {
      this.end = end;
      this.length = length;
    }

    void instant(String group, String promql) {
      queries.add(new BenchQuery(group, promql + " (instant)", "query", promql, end, 0, 0));
    }

    void range(String group, String promql) {
      add(group, promql, Math.min(HOUR, length), SHORT_STEP);
    }

    void longRange(String promql) {
      long window = length / 2;
      add("long range", promql, window, Math.max(LONG_STEP, window / LONG_STEPS + 7));
    }

    void daily(String promql) {
      add("long range", promql, (length / DAY - 1) * DAY, DAY);
    }

    private void add(String group, String promql, long window, long step) {
      queries.add(new BenchQuery(group, promql, "query_range", promql, end, window, step));
    }

    /** Not all that there is: series without samples in the range must not be listed. */
    void list(String group, String endpoint, String selector) {
      String text = endpoint + (selector.isEmpty() ? "" : " of " + selector);
      queries.add(new BenchQuery(group, text, endpoint, selector, end, length, 0));
    }
  }
}
