package io.varve.http.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.varve.engine.AggregateStats;
import io.varve.engine.EngineStats;
import io.varve.http.api.Store;
import io.varve.ingest.IngestCounters;
import io.varve.ingest.Ingestor;
import io.varve.ingest.intake.Reason;
import io.varve.ingest.otlp.RunningTotals;
import io.varve.query.CacheStats;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Engine and ingest, asked once per scrape; nothing before the store is there. Any thread. */
final class StoreCollector implements MultiCollector {
  private final Supplier<@Nullable Store> store;

  StoreCollector(Supplier<@Nullable Store> store) {
    this.store = store;
  }

  @Override
  public MetricSnapshots collect() {
    Families to = new Families();
    Store now = store.get();
    if (now != null) {
      EngineStats stats = now.stats().get();
      engine(stats, to);
      amendments(stats.amendments(), to);
      ingest(now.ingestor(), to);
      aggregates(now.upkeep().aggregates(), to);
      cache(now.queries().cacheStats(), to);
    }
    return to.all();
  }

  private static void cache(CacheStats s, Families to) {
    to.counter(
            "varve_query_cache_hits",
            "Steps of range queries that were taken from the result cache.",
            s.stepsReused())
        .counter(
            "varve_query_cache_misses",
            "Steps of range queries that the result cache did not have.",
            s.stepsComputed())
        .counter(
            "varve_query_cache_outdated",
            "Blocks of steps that left the result cache since their data had changed.",
            s.outdated())
        .gauge("varve_query_cache_blocks", "Blocks of steps in the result cache.", s.blocks())
        .gauge("varve_query_cache_bytes", "Memory of the result cache, about.", s.bytes());
  }

  private static void aggregates(AggregateStats s, Families to) {
    long bytes = 0;
    long cells = 0;
    long left = 0;
    for (AggregateStats.Width width : s.widths()) {
      bytes += width.bytes();
      cells += width.cells();
      left += width.chunksLeft();
    }
    to.gauge("varve_aggregate_bytes", "Size of all files of cells.", bytes)
        .gauge("varve_aggregate_cells", "Cells of continuous aggregates in files.", cells)
        .gauge(
            "varve_aggregate_waiting_files",
            "Chunk files, by resolution, of which cells are still to be made.",
            left)
        .counter(
            "varve_aggregate_read_cells",
            "Cells of continuous aggregates that queries have read.",
            s.cellsRead())
        .counter("varve_aggregate_made_files", "Files of cells made.", s.filesMade())
        .counter(
            "varve_aggregate_audited_cells",
            "Cells that were derived from their samples once more.",
            s.audited())
        .counter(
            "varve_aggregate_mismatched_files",
            "Files with cells that were not what their samples are; they are made anew.",
            s.wrong());
    grouped(s.grouped(), to);
  }

  private static void grouped(AggregateStats.Grouped s, Families to) {
    long bytes = 0;
    long left = 0;
    for (AggregateStats.Tables tables : s.tables()) {
      bytes += tables.bytes();
      left += tables.windowsLeft();
    }
    to.gauge("varve_grouped_bytes", "Size of all files of grouped aggregates.", bytes)
        .gauge(
            "varve_grouped_waiting_windows",
            "Windows, by rule and resolution, of which groups are still to be derived.",
            left)
        .counter(
            "varve_grouped_read_windows",
            "Windows of which queries have asked for grouped aggregates.",
            s.read())
        .counter("varve_grouped_made_files", "Tables of grouped aggregates derived.", s.made())
        .counter(
            "varve_grouped_audited_values",
            "Values of grouped aggregates that were derived from samples once more.",
            s.audited())
        .counter(
            "varve_grouped_mismatched_files",
            "Tables that were not what their samples are; they are made anew.",
            s.wrong());
  }

  private static final String REASON = "reason";

  private static Map<String, Double> byReason(
      EngineStats s, ToLongFunction<EngineStats.Dropped> figure) {
    Map<String, Double> values = new LinkedHashMap<>();
    s.dropped()
        .forEach(
            (reason, dropped) ->
                values.put(
                    reason.name().toLowerCase(Locale.ROOT), (double) figure.applyAsLong(dropped)));
    return values;
  }

  private static Map<String, Double> classes(EngineStats s) {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("default", 0.0);
    s.classBytes()
        .forEach((name, bytes) -> values.put(name.isEmpty() ? "default" : name, (double) bytes));
    return values;
  }

  private static void engine(EngineStats s, Families to) {
    to.gauge("varve_head_series", "Series in the head.", s.activeSeries())
        .gauge("varve_head_bytes", "Memory of open data.", s.headBytes())
        .gauge("varve_head_samples", "Samples in order in the open head.", s.headSamples())
        .gauge(
            "varve_head_min_time_seconds",
            "Smallest time in the open head, NaN if it is empty.",
            seconds(s.headMinTime()))
        .gauge(
            "varve_head_max_time_seconds",
            "Largest time in the open head, NaN if it is empty.",
            seconds(s.headMaxTime()))
        .gauge("varve_late_samples", "Late samples in the open head.", s.lateSamples())
        .gauge("varve_late_bytes", "Memory of late samples.", s.lateBytes())
        .gauge("varve_frozen_bytes", "Memory of samples on their way into files.", s.frozenBytes())
        .gauge("varve_windows", "Windows with files.", s.windows())
        .gauge("varve_chunk_files", "Chunk files.", s.chunkFiles())
        .gauge("varve_chunk_bytes", "Size of all chunk files.", s.chunkBytes())
        .gauge("varve_chunk_samples", "Samples in chunk files.", s.chunkSamples())
        .gauge("varve_index_bytes", "Size of all index files.", s.indexBytes())
        .gauge("varve_log_bytes", "Size of the log.", s.logBytes())
        .gauge("varve_log_position", "Newest log position.", s.logPosition())
        .gauge("varve_waiting_jobs", "Decisions that have not reached the files.", s.waitingJobs())
        .counter("varve_stored_samples", "Float samples stored.", s.samples())
        .counter("varve_stored_histograms", "Histogram samples stored.", s.histograms())
        .counter("varve_stored_exemplars", "Exemplars stored.", s.exemplars())
        .counter(
            "varve_selections_known",
            "Selections of series that were remembered.",
            s.selectionsKnown())
        .counter(
            "varve_selections_searched",
            "Selections of series that were looked up in indexes.",
            s.selectionsSearched())
        .gauge(
            "varve_selection_cache_bytes",
            "Memory of the selections that are remembered, about.",
            s.selectionCacheBytes())
        .counter("varve_refused_samples", "Samples refused by the engine.", s.rejected())
        .counter(
            "varve_duplicate_samples",
            "Samples that were there already, with the same value.",
            s.duplicates())
        .counter("varve_series_created", "Series created in the head.", s.seriesCreated())
        .counter("varve_flushes", "Flushes from memory to files.", s.flushes())
        .counter("varve_merges", "Merges of files.", s.merges())
        .counter("varve_checkpoints", "Checkpoints of the head besides flushes.", s.checkpoints())
        .counters(
            "varve_windows_dropped",
            "Windows that went as a whole, by reason.",
            REASON,
            byReason(s, EngineStats.Dropped::windows))
        .counters(
            "varve_dropped_bytes",
            "Bytes of files that went without having been merged, by reason.",
            REASON,
            byReason(s, EngineStats.Dropped::bytes))
        .gauges(
            "varve_retention_class_bytes",
            "Size of chunk files by how long they are kept.",
            "class",
            classes(s))
        .gauge(
            "varve_retention_stored_bytes",
            "Bytes that count for retention.max_bytes; 0 if the disk is not limited.",
            s.disk().storedBytes())
        .gauge(
            "varve_retention_max_bytes",
            "Bytes that may be stored, 0 for any.",
            s.disk().maxBytes())
        .gauge(
            "varve_retention_free_bytes",
            "Bytes that the disk has left; 0 if that does not count.",
            s.disk().freeBytes())
        .gauge(
            "varve_retention_min_free_bytes",
            "Bytes that the disk is to have left, 0 for any.",
            s.disk().minFreeBytes())
        .gauge(
            "varve_retention_limit_exceeded",
            "1 if a limit of the disk does not hold although all that may go is gone, else 0.",
            s.disk().problem().isEmpty() ? 0L : 1L)
        .counter("varve_deletes", "Deletes carried out.", s.deletes())
        .counter("varve_job_failures", "Failed attempts of background work.", s.jobFailures())
        .counter(
            "varve_written_bytes",
            "Bytes written to chunk, index and checkpoint files.",
            s.bytesWritten())
        .counter(
            "varve_decoded_blocks", "Blocks decoded for queries and merges.", s.blocksDecoded())
        .counter(
            "varve_aggregated_blocks",
            "Blocks answered from stored aggregates.",
            s.blocksAggregated())
        .gauge("varve_damage", "Places in the files that cannot be read.", s.damage().size())
        .gauge(
            "varve_writes_stopped",
            "1 if the store takes no writes (disk full, failed fsync), else 0.",
            s.stopped() == null ? 0 : 1);
  }

  private static void amendments(EngineStats.Amendments a, Families to) {
    to.gauge("varve_deletes_hiding", "Deletes that hide samples on the disk.", a.hiding())
        .gauge(
            "varve_deletes_purge_due",
            "Those of them that cannot be undone any more: the next merges take their samples"
                + " away.",
            a.purgeDue())
        .gauge(
            "varve_deletes_oldest_hiding_timestamp_seconds",
            "When the oldest delete that hides samples was made, in Unix time; 0 for none.",
            a.oldestMillis() / 1000.0)
        .gauge("varve_deletes_hidden_samples", "Samples that deletes hide.", a.hiddenSamples())
        .gauge(
            "varve_deletes_hidden_bytes",
            "Bytes that these take in chunk files, about.",
            a.hiddenBytes())
        .gauge("varve_deletes_receipts", "Receipts of purged deletes that are kept.", a.receipts())
        .gauge(
            "varve_deletes_last_receipt_timestamp_seconds",
            "When the last purge was decided of which there is a receipt, in Unix time; 0 for"
                + " none.",
            a.lastReceiptMillis() / 1000.0)
        .counter("varve_undeletes", "Deletes that were taken back.", a.undeletes())
        .counter(
            "varve_purged_samples",
            "Deleted samples that merges took off the disk.",
            a.purgedSamples())
        .counter(
            "varve_purged_bytes", "Bytes that these took in chunk files, about.", a.purgedBytes())
        .counter("varve_purged_files", "Files that purges took away.", a.purgedFiles())
        .counter(
            "varve_corrections",
            "Batches of samples that took the place of others.",
            a.corrections())
        .counter("varve_corrected_samples", "Samples in these.", a.correctedSamples());
  }

  private static double seconds(long millis) {
    return millis == Long.MAX_VALUE || millis == Long.MIN_VALUE ? Double.NaN : millis / 1000.0;
  }

  private static void ingest(Ingestor ingestor, Families to) {
    IngestCounters c = ingestor.counters();
    Map<String, Double> requests = new LinkedHashMap<>();
    c.requests().forEach((status, count) -> requests.put(status.toString(), count.doubleValue()));
    Map<String, Double> series = new LinkedHashMap<>();
    series.put("guess", (double) c.seriesGuessed());
    series.put("hash", (double) c.seriesHashed());
    series.put("alias", (double) c.seriesAliased());
    series.put("rewrite", (double) c.seriesRewritten());
    series.put("unknown", (double) c.seriesUnknown());
    Map<String, Double> rejected = new LinkedHashMap<>();
    for (Reason reason : Reason.values()) {
      rejected.put(reason.label(), (double) c.rejected(reason));
    }
    to.counters("varve_ingest_requests", "Write requests by status.", "code", requests)
        .counter(
            "varve_ingest_waits",
            "Attempts to write late samples while more than enough of them waited for a flush.",
            c.waits())
        .counter("varve_ingest_samples", "Float samples stored from requests.", c.samples())
        .counter("varve_ingest_histograms", "Histograms stored from requests.", c.histograms())
        .counter("varve_ingest_exemplars", "Exemplars stored from requests.", c.exemplars())
        .counter("varve_ingest_compressed_bytes", "Bytes of bodies as sent.", c.compressedBytes())
        .counter(
            "varve_ingest_decoded_bytes", "Bytes of bodies after decompression.", c.decodedBytes())
        .counters(
            "varve_ingest_series",
            "Series in requests by how they were recognised: by a guess, by the hash of their"
                + " bytes, by their sender's spelling, after rewriting, or not at all because they"
                + " are new.",
            "found",
            series)
        .counters(
            "varve_ingest_rejected",
            "Samples, exemplars and metadata that were not stored, by reason.",
            "reason",
            rejected)
        .counter(
            "varve_ingest_retries",
            "Requests whose series were looked up again because the head had renumbered them.",
            c.resolvedAgainRequests())
        .gauge(
            "varve_ingest_in_flight_bytes",
            "Bytes of bodies that are being worked on.",
            ingestor.inFlightBytes())
        .gauge(
            "varve_ingest_alias_bytes",
            "Memory for senders' own spellings of label sets.",
            ingestor.aliasBytes());
    RunningTotals totals = ingestor.runningTotals();
    to.gauge(
            "varve_ingest_delta_streams",
            "Streams of OTLP deltas that have a running total.",
            totals == null ? 0 : totals.streams())
        .gauge(
            "varve_ingest_delta_bytes",
            "Memory for running totals.",
            totals == null ? 0 : totals.bytes())
        .gauge(
            "varve_ingest_delta_max_bytes",
            "Memory that running totals may take.",
            totals == null ? 0 : totals.mostBytes());
  }
}
