package io.varve.ingest;

import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.Reason;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What has come in since the start: rising numbers that any thread may read. */
public final class IngestCounters {
  private final LongAdder samples = new LongAdder();
  private final LongAdder histograms = new LongAdder();
  private final LongAdder exemplars = new LongAdder();
  private final LongAdder compressedBytes = new LongAdder();
  private final LongAdder decodedBytes = new LongAdder();
  private final LongAdder guessed = new LongAdder();
  private final LongAdder hashed = new LongAdder();
  private final LongAdder aliased = new LongAdder();
  private final LongAdder rewritten = new LongAdder();
  private final LongAdder unknown = new LongAdder();
  private final LongAdder resolvedAgain = new LongAdder();
  private final Map<Reason, LongAdder> rejected;
  private final ConcurrentHashMap<Integer, LongAdder> requests = new ConcurrentHashMap<>();

  private final LongAdder waits = new LongAdder();

  IngestCounters() {
    EnumMap<Reason, LongAdder> adders = new EnumMap<>(Reason.class);
    for (Reason reason : Reason.values()) {
      adders.put(reason, new LongAdder());
    }
    rejected = Collections.unmodifiableMap(adders); // never changed: safe to share
  }

  void request(IngestOutcome outcome) {
    if (outcome.worthWaiting()) {
      waits.increment(); // most come again and are answered then
    } else {
      requests.computeIfAbsent(outcome.status(), s -> new LongAdder()).increment();
    }
  }

  void bytes(int compressed, int decoded) {
    compressedBytes.add(compressed);
    decodedBytes.add(decoded);
  }

  void stored(int sampleCount, int histogramCount, int exemplarCount) {
    samples.add(sampleCount);
    histograms.add(histogramCount);
    exemplars.add(exemplarCount);
  }

  void rejected(Reason reason, long howMany) {
    Objects.requireNonNull(rejected.get(reason)).add(howMany);
  }

  void decoded(Intake intake) {
    guessed.add(intake.series.guessed());
    hashed.add(intake.series.hashed());
    aliased.add(intake.series.aliased());
    rewritten.add(intake.series.rewritten());
    unknown.add(intake.series.unknown());
    intake.refusals.forEach(this::rejected);
  }

  void resolvedAgain() {
    resolvedAgain.increment();
  }

  /** Requests by the status of their answer. */
  public Map<Integer, Long> requests() {
    Map<Integer, Long> all = new TreeMap<>();
    requests.forEach((status, count) -> all.put(status, count.sum()));
    return all;
  }

  /** Attempts to write late samples while more than enough of them waited for a flush. */
  public long waits() {
    return waits.sum();
  }

  /** Float samples stored. */
  public long samples() {
    return samples.sum();
  }

  /** Histogram samples stored. */
  public long histograms() {
    return histograms.sum();
  }

  /** Exemplars stored. */
  public long exemplars() {
    return exemplars.sum();
  }

  /** Bytes of bodies as they were sent. */
  public long compressedBytes() {
    return compressedBytes.sum();
  }

  /** Bytes of bodies after decompression. */
  public long decodedBytes() {
    return decodedBytes.sum();
  }

  /** Series of requests that were recognised by comparing their bytes with a guess. */
  public long seriesGuessed() {
    return guessed.sum();
  }

  /** Series that were found by the hash of their bytes. */
  public long seriesHashed() {
    return hashed.sum();
  }

  /** Series that were found by their sender's own spelling. */
  public long seriesAliased() {
    return aliased.sum();
  }

  /** Series whose labels had to be brought into canonical form. */
  public long seriesRewritten() {
    return rewritten.sum();
  }

  /** Series that were not known when their request came. */
  public long seriesUnknown() {
    return unknown.sum();
  }

  /** Requests whose series were looked up again because the head had renumbered its series. */
  public long resolvedAgainRequests() {
    return resolvedAgain.sum();
  }

  /** Samples, exemplars or metadata that were not stored for a reason. */
  public long rejected(Reason reason) {
    return Objects.requireNonNull(rejected.get(reason)).sum();
  }
}
