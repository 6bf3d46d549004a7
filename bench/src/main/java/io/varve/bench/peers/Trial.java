package io.varve.bench.peers;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one store needed in one round.
 *
 * @param series distinct ones of all passes
 * @param readySeconds from the first start to ready
 * @param peakAnonymousBytes the most of RssAnon until the kill
 * @param peakResidentBytes VmHWM at the kill
 * @param settledAnonymousBytes after the last pass, once quiet
 * @param settledResidentBytes after the last pass, once quiet
 * @param settledDiskBytes of all files after the last pass, once quiet
 * @param stoppedDiskBytes of all files at the end, after a restart and an orderly stop, with the
 *     tail
 * @param writtenBytes that the process caused to be written up to the end of the last pass
 * @param tailSamples sent after the last pass, just before the kill
 * @param restartSeconds from the start after a SIGKILL to ready
 * @param refusals requests that had to be sent again
 * @param mixed of the workload that writes and asks at one time
 * @param queries answers and times after the restart
 */
record Trial(
    long series,
    double readySeconds,
    List<Pass> passes,
    long peakAnonymousBytes,
    long peakResidentBytes,
    long settledAnonymousBytes,
    long settledResidentBytes,
    long settledDiskBytes,
    long stoppedDiskBytes,
    long writtenBytes,
    long tailSamples,
    double restartSeconds,
    long refusals,
    @Nullable Mixed mixed,
    @JsonIgnore Map<BenchQuery, QueryRounds.Result> queries) {

  /**
   * What a pass took.
   *
   * @param seconds from the first request to the last acknowledgement
   * @param sendingCpuSeconds of the server meanwhile; of the first pass with the start
   * @param backgroundCpuSeconds from then on until it was quiet, with all work that was put off
   * @param clientCpuSeconds of the benchmark while it was sending, on the same cores
   * @param requests latencies
   */
  record Pass(
      long samples,
      double seconds,
      double sendingCpuSeconds,
      double backgroundCpuSeconds,
      double clientCpuSeconds,
      Latencies requests) {}

  /**
   * What writes at a steady pace and queries beside them took, each from when it was due.
   *
   * @param samplesPerSecond that were asked for
   * @param failedQueries that had no answer
   */
  record Mixed(
      double samplesPerSecond,
      Latencies coldWrites,
      Latencies coldQueries,
      Latencies writes,
      Latencies queries,
      long failedQueries) {}

  /** Samples of all passes, without the tail. */
  @JsonIgnore
  long samples() {
    return passes.stream().mapToLong(Pass::samples).sum();
  }
}
