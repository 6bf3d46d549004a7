package io.varve.ingest.otlp;

import static io.varve.ingest.otlp.OtlpReceiver.NANOS;
import static io.varve.ingest.otlp.OtlpReceiver.NOW;
import static io.varve.ingest.otlp.OtlpReceiver.attribute;
import static io.varve.ingest.otlp.OtlpReceiver.request;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.varve.engine.LimitExceededException;
import io.varve.engine.Seeds;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.StaleMarker;
import io.varve.ingest.FakeHead;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Ingestor;
import io.varve.ingest.intake.Reason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Deltas become running totals, whichever way they come. */
final class RunningTotalsTest {
  private static final AggregationTemporality DELTA =
      AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA;
  private static final long SECOND = 1_000_000_000L;
  private static final Labels ORDERS = Labels.of("__name__", "orders_total");

  private final FakeHead head = new FakeHead();
  private long now = NOW;
  private boolean full;
  private Runnable whileAppending = () -> {};
  private final Ingestor to = ingestor(false, 1 << 20);

  private Ingestor ingestor(boolean custom, long stateBytes) {
    OtlpSettings d = OtlpSettings.DEFAULT;
    OtlpSettings settings =
        new OtlpSettings(
            d.strategy(),
            false,
            d.attributes(),
            false,
            custom,
            false,
            true,
            true,
            new OtlpDeltas(OtlpDeltas.Use.CONVERT, 300_000, stateBytes),
            false,
            150_000);
    return new Ingestor(
        head,
        (batch, mode) -> {
          if (full) {
            throw new LimitExceededException("full");
          }
          Runnable first = whileAppending;
          whileAppending = () -> {};
          first.run();
          return head.append(batch, mode);
        },
        IngestLimits.DEFAULT,
        false,
        settings,
        () -> Instant.ofEpochMilli(now));
  }

  private static IngestOutcome write(Ingestor to, ExportMetricsServiceRequest request) {
    byte[] body = request.toByteArray();
    return to.writeOtlp(body, 0, body.length, "application/x-protobuf", null, null);
  }

  private static IngestOutcome write(Ingestor to, Metric.Builder... metrics) {
    return write(to, request(List.of(), metrics));
  }

  private static Metric.Builder sum(boolean rises, NumberDataPoint.Builder... points) {
    Metric.Builder metric = Metric.newBuilder().setName("orders");
    metric.getSumBuilder().setIsMonotonic(rises).setAggregationTemporality(DELTA);
    for (NumberDataPoint.Builder point : points) {
      metric.getSumBuilder().addDataPoints(point);
    }
    return metric;
  }

  /** A delta of the seconds {@code (from, to]}. */
  private static NumberDataPoint.Builder delta(long from, long to, KeyValue... attributes) {
    return NumberDataPoint.newBuilder()
        .setStartTimeUnixNano(NANOS + from * SECOND)
        .setTimeUnixNano(NANOS + to * SECOND)
        .addAllAttributes(List.of(attributes));
  }

  private static NumberDataPoint.Builder delta(long from, long to, long value) {
    return delta(from, to).setAsInt(value);
  }

  private void ok(Metric.Builder... metrics) {
    IngestOutcome outcome = write(to, metrics);
    assertThat(outcome.message()).isEmpty();
    assertThat(outcome.status()).isEqualTo(200);
  }

  /** Seconds and values. */
  private NavigableMap<Long, Double> stored(Labels labels) {
    TreeMap<Long, Double> values = new TreeMap<>();
    head.of(labels)
        .samples
        .forEach((time, bits) -> values.put((time - NOW) / 1_000, Double.longBitsToDouble(bits)));
    return values;
  }

  private NavigableMap<Long, Long> starts(Labels labels) {
    TreeMap<Long, Long> starts = new TreeMap<>();
    head.of(labels)
        .starts
        .forEach((time, start) -> starts.put((time - NOW) / 1_000, (start - NOW) / 1_000));
    return starts;
  }

  @Test
  void aSumIsTheTotalSinceItsFirstDelta() {
    ok(sum(true, delta(-60, -50, 5), delta(-50, -40, 0)));
    ok(sum(true, delta(-40, -30, 7)));
    ok(sum(true, delta(-20, -10).setAsDouble(0.5))); // nothing came in between: no reason to reset
    assertThat(stored(ORDERS))
        .isEqualTo(new TreeMap<>(Map.of(-50L, 5.0, -40L, 5.0, -30L, 12.0, -10L, 12.5)));
    assertThat(starts(ORDERS).values()).containsOnly(-60L).hasSize(4);
    assertThat(head.metadata).containsEntry("orders_total", new Metadata("counter", "", ""));
  }

  @Test
  void sumsThatFallAndLargeOnesKeepTheirValue() {
    ok(sum(false, delta(-60, -50, 5), delta(-50, -40, -8)));
    assertThat(stored(Labels.of("__name__", "orders")).lastEntry().getValue()).isEqualTo(-3);
    ok(sum(true, delta(-60, -50, Long.MAX_VALUE - 1), delta(-50, -40, 1)));
    assertThat(stored(ORDERS).lastEntry().getValue()).isEqualTo(0x1p63);
    ok(sum(true, delta(-40, -30, Long.MAX_VALUE)));
    assertThat(stored(ORDERS).lastEntry().getValue()).isEqualTo(0x1p64);
  }

  @Test
  void streamsAreToldApartByAllThatNamesThem() {
    KeyValue a = attribute("k", "a");
    KeyValue b = attribute("l", "b");
    ok(sum(true, delta(-60, -50, a, b).setAsInt(1), delta(-60, -50, a).setAsInt(10)));
    ok(sum(true, delta(-50, -40, b, a).setAsInt(2), delta(-50, -40, a).setAsInt(20)));
    KeyValue service = attribute("service.name", "s");
    assertThat(write(to, request(List.of(service), sum(true, delta(-60, -50, a).setAsInt(100)))))
        .extracting(IngestOutcome::status)
        .isEqualTo(200);
    assertThat(stored(Labels.of("__name__", "orders_total", "k", "a", "l", "b")).values())
        .containsExactly(1.0, 3.0);
    assertThat(stored(Labels.of("__name__", "orders_total", "k", "a")).values())
        .containsExactly(10.0, 30.0);
    assertThat(stored(Labels.of("__name__", "orders_total", "job", "s", "k", "a")).values())
        .containsExactly(100.0);
    assertThat(requireNonNull(to.runningTotals()).streams()).isEqualTo(3);
    byte[] body = request(List.of(), sum(true, delta(-40, -30, a).setAsInt(1))).toByteArray();
    to.writeOtlp(body, 0, body.length, "application/x-protobuf", null, "other");
    assertThat(
            requireNonNull(
                    head.series.get(
                        new FakeHead.Key("other", Labels.of("__name__", "orders_total", "k", "a"))))
                .samples
                .values())
        .containsExactly(Double.doubleToRawLongBits(1));
  }

  @Test
  void whatComesTwiceCountsOnceAndWhatIsLateIsTold() {
    ok(sum(true, delta(-60, -50, 5)));
    ok(sum(true, delta(-50, -40, 7)));
    ok(sum(true, delta(-50, -40, 7))); // its sender did not get the answer
    assertThat(to.counters().rejected(Reason.DELTA_OUT_OF_ORDER)).isEqualTo(1);
    IngestOutcome late = write(to, sum(true, delta(-55, -45, 1), delta(-40, -30, 2)));
    assertThat(late.status()).isEqualTo(400);
    assertThat(late.message())
        .contains("the delta is not newer than the one before it for metric \"orders\"")
        .contains("stored 1 of 2 samples");
    IngestOutcome older = write(to, sum(true, delta(-70, -20, 1)));
    assertThat(older.message()).contains("counts from before its stream began");
    assertThat(to.counters().rejected(Reason.DELTA_OUT_OF_ORDER)).isEqualTo(3);
    assertThat(stored(ORDERS)).isEqualTo(new TreeMap<>(Map.of(-50L, 5.0, -40L, 12.0, -30L, 14.0)));
  }

  @Test
  void whatCannotBeAddedIsLeftOut() {
    ok(sum(true, delta(-60, -50, 5)));
    IngestOutcome outcome =
        write(
            to,
            sum(
                true,
                delta(-50, -40, -1),
                delta(-50, -40).setAsDouble(Double.NaN),
                delta(-50, -40).setAsDouble(Double.POSITIVE_INFINITY),
                NumberDataPoint.newBuilder().setAsInt(9), // no time
                delta(-50, 86_400, 1_000), // far in the future
                delta(-50, -40, 2)));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message())
        .contains("the delta cannot be -1.0 for metric \"orders\"")
        .contains("the delta cannot be NaN")
        .contains("has no timestamp")
        .contains("too far in the future")
        .contains("stored 1 of 6 samples");
    assertThat(stored(ORDERS).lastEntry().getValue()).isEqualTo(7);
  }

  @Test
  void histogramsThatCannotBeAddedAreLeftOut() {
    ok(histogram(buckets(-60, -50, 1)));
    ok(exponential(exponential(-60, -50, 0, 0, 1)));
    IngestOutcome outcome =
        write(
            to,
            histogram(buckets(-50, -40, 1).setSum(Double.NaN)),
            exponential(
                exponential(-50, -40, 0, 0, 1).setSum(Double.NEGATIVE_INFINITY),
                exponential(-50, -40, 0, 0, 1).setZeroThreshold(Double.POSITIVE_INFINITY)));
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message())
        .contains("the sum of a delta cannot be NaN for metric \"latency\"")
        .contains("the sum of a delta cannot be -Infinity for metric \"size\"")
        .contains("the zero threshold of a delta cannot be Infinity");
    ok(histogram(buckets(-40, -30, 4)));
    assertThat(stored(Labels.of("__name__", "latency_sum")).values()).containsExactly(1.5, 7.5);
  }

  @Test
  void aStaleMarkerLeavesTheTotalAsItIs() {
    ok(sum(true, delta(-60, -50, 5)));
    ok(sum(true, delta(-50, -40, 0).setFlags(1)));
    assertThat(head.of(ORDERS).samples.get(NOW - 40_000)).isEqualTo(StaleMarker.BITS);
    ok(sum(true, delta(-40, -30, 1)));
    assertThat(stored(ORDERS).lastEntry().getValue()).isEqualTo(6);
  }

  @Test
  void whatIsNotStoredIsNotCounted() {
    ok(sum(true, delta(-60, -50, 5)));
    full = true;
    assertThat(write(to, sum(true, delta(-50, -40, 7), delta(-40, -35, 1))).status())
        .isEqualTo(429);
    full = false;
    ok(sum(true, delta(-50, -40, 7), delta(-40, -35, 1)));
    assertThat(stored(ORDERS)).isEqualTo(new TreeMap<>(Map.of(-50L, 5.0, -40L, 12.0, -35L, 13.0)));
    full = true;
    Metric.Builder other = sum(true, delta(-50, -40, 3)).setName("other");
    write(to, other);
    full = false;
    RunningTotals totals = requireNonNull(to.runningTotals());
    assertThat(totals.streams()).isEqualTo(1);
    long bytes = totals.bytes();
    assertThat(bytes).isPositive();
    ok(other);
    assertThat(totals.bytes()).isEqualTo(2 * bytes);
  }

  @Test
  void aStreamThatFallsSilentBeginsAnew() {
    ok(sum(true, delta(-600, -590, 5)));
    now += 300_000;
    ok(sum(true, delta(-590, -300, 1)));
    assertThat(stored(ORDERS).lastEntry().getValue()).isEqualTo(6);
    now += 300_001;
    ok(sum(true, delta(-300, 0, 2)));
    assertThat(stored(ORDERS).lastEntry().getValue()).isEqualTo(2);
    assertThat(starts(ORDERS).values()).containsExactly(-600L, -600L, -300L);
    now += 300_001;
    RunningTotals totals = requireNonNull(to.runningTotals());
    assertThat(totals.streams()).isZero();
    assertThat(totals.bytes()).isZero();
  }

  @Test
  void aRestartBeginsAnewToo() {
    ok(sum(true, delta(-60, -50, 5)));
    write(ingestor(false, 1 << 20), sum(true, delta(-50, -40, 1)));
    assertThat(stored(ORDERS).values()).containsExactly(5.0, 1.0);
    assertThat(starts(ORDERS).values()).containsExactly(-60L, -50L);
  }

  @Test
  void totalsTakeNoMoreMemoryThanTheyMay() {
    Ingestor small = ingestor(false, 1_000);
    List<NumberDataPoint.Builder> points = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      points.add(delta(-60, -50, attribute("i", "" + i)).setAsInt(1));
    }
    IngestOutcome outcome = write(small, sum(true, points.toArray(new NumberDataPoint.Builder[0])));
    RunningTotals totals = requireNonNull(small.runningTotals());
    assertThat(outcome.status()).isEqualTo(400);
    assertThat(outcome.message()).contains("no memory for more running totals");
    assertThat(totals.streams()).isBetween(3, 8);
    assertThat(totals.bytes()).isBetween(500L, totals.mostBytes());
    assertThat(small.counters().rejected(Reason.DELTA_LIMIT)).isEqualTo(100 - totals.streams());
    // Those that are there go on.
    assertThat(write(small, sum(true, delta(-50, -40, attribute("i", "0")).setAsInt(1))).status())
        .isEqualTo(200);
    HistogramDataPoint.Builder wide = buckets(-60, -50, 1);
    for (int i = 0; i < 1_000; i++) {
      wide.addExplicitBounds(100 + i).addBucketCounts(0);
    }
    now += 400_000;
    assertThat(write(small, histogram(wide)).message()).contains("no memory for more");
    assertThat(totals.bytes()).isZero();
  }

  private static Metric.Builder histogram(HistogramDataPoint.Builder... points) {
    Metric.Builder metric = Metric.newBuilder().setName("latency");
    metric.getHistogramBuilder().setAggregationTemporality(DELTA);
    for (HistogramDataPoint.Builder point : points) {
      metric.getHistogramBuilder().addDataPoints(point);
    }
    return metric;
  }

  private static HistogramDataPoint.Builder buckets(long from, long to, long each) {
    return HistogramDataPoint.newBuilder()
        .setStartTimeUnixNano(NANOS + from * SECOND)
        .setTimeUnixNano(NANOS + to * SECOND)
        .setCount(3 * each)
        .setSum(1.5 * each)
        .addAllExplicitBounds(List.of(1.0, 10.0))
        .addAllBucketCounts(List.of(each, each, each));
  }

  @Test
  void explicitBucketsAddUpAndBeginAnewWhenTheirBoundsChange() {
    ok(histogram(buckets(-60, -50, 1), buckets(-50, -40, 4)));
    assertThat(stored(Labels.of("__name__", "latency_bucket", "le", "10")).values())
        .containsExactly(2.0, 10.0);
    assertThat(stored(Labels.of("__name__", "latency_bucket", "le", "+Inf")).values())
        .containsExactly(3.0, 15.0);
    assertThat(stored(Labels.of("__name__", "latency_sum")).values()).containsExactly(1.5, 7.5);
    ok(histogram(buckets(-40, -30, 2).setExplicitBounds(1, 20.0)));
    Labels count = Labels.of("__name__", "latency_count");
    assertThat(stored(count).values()).containsExactly(3.0, 15.0, 6.0);
    assertThat(starts(count).values()).containsExactly(-60L, -60L, -40L);
    ok(histogram(buckets(-30, -20, 2).setExplicitBounds(1, 20.0).clearSum()));
    assertThat(stored(count).lastEntry().getValue()).isEqualTo(12);
    assertThat(stored(Labels.of("__name__", "latency_sum"))).doesNotContainKey(-20L);
  }

  @Test
  void customBucketsAddUp() {
    Ingestor custom = ingestor(true, 1 << 20);
    write(custom, histogram(buckets(-60, -50, 1), buckets(-50, -40, 4)));
    Histogram last = head.of(Labels.of("__name__", "latency")).histograms.lastEntry().getValue();
    assertThat(last.count()).isEqualTo(15);
    assertThat(last.sum()).isEqualTo(7.5);
  }

  private static ExponentialHistogramDataPoint.Builder exponential(
      long from, long to, int scale, int offset, long... counts) {
    ExponentialHistogramDataPoint.Builder point =
        ExponentialHistogramDataPoint.newBuilder()
            .setStartTimeUnixNano(NANOS + from * SECOND)
            .setTimeUnixNano(NANOS + to * SECOND)
            .setScale(scale)
            .setCount(Arrays.stream(counts).sum())
            .setSum((double) Arrays.stream(counts).sum());
    point.getPositiveBuilder().setOffset(offset);
    for (long count : counts) {
      point.getPositiveBuilder().addBucketCounts(count);
    }
    return point;
  }

  private static Metric.Builder exponential(ExponentialHistogramDataPoint.Builder... points) {
    Metric.Builder metric = Metric.newBuilder().setName("size");
    metric.getExponentialHistogramBuilder().setAggregationTemporality(DELTA);
    for (ExponentialHistogramDataPoint.Builder point : points) {
      metric.getExponentialHistogramBuilder().addDataPoints(point);
    }
    return metric;
  }

  private static ExponentialHistogramDataPoint total(
      ExponentialHistogramDataPoint.Builder... deltas) {
    ExponentialTotal total = null;
    ExponentialHistogramDataPoint last = ExponentialHistogramDataPoint.getDefaultInstance();
    for (ExponentialHistogramDataPoint.Builder delta : deltas) {
      last = delta.build();
      total = ExponentialTotal.of(total, last, new RunningTotal.Times(0, 0, 0, 0));
    }
    return requireNonNull(total).in(last);
  }

  @Test
  void exponentialHistogramsAddUpAtTheCoarserScale() {
    // At scale 1, buckets −1, 0, 1, 2 end at 1, √2, 2, 2√2; at scale 0, −1, 0, 1 end at 1, 2, 4.
    ExponentialHistogramDataPoint.Builder fine = exponential(-60, -50, 1, -1, 1, 2, 3, 4);
    ExponentialHistogramDataPoint.Builder coarse = exponential(-50, -40, 0, 0, 10, 20);
    coarse.getNegativeBuilder().setOffset(3).addBucketCounts(6);
    coarse.setCount(37).setZeroCount(1).setSum(-2);
    for (ExponentialHistogramDataPoint sum : List.of(total(fine, coarse), total(coarse, fine))) {
      assertThat(sum.getScale()).isZero();
      assertThat(sum.getPositive().getOffset()).isEqualTo(-1);
      assertThat(sum.getPositive().getBucketCountsList()).containsExactly(1L, 15L, 24L);
      assertThat(sum.getNegative().getOffset()).isEqualTo(3);
      assertThat(sum.getNegative().getBucketCountsList()).containsExactly(6L);
      assertThat(sum.getCount()).isEqualTo(47);
      assertThat(sum.getZeroCount()).isEqualTo(1);
      assertThat(sum.getSum()).isEqualTo(8);
    }
    ok(exponential(fine, coarse));
    TreeMap<Long, Histogram> stored = head.of(Labels.of("__name__", "size")).histograms;
    assertThat(stored.values().stream().map(Histogram::count)).containsExactly(10.0, 47.0);
    assertThat(stored.lastEntry().getValue().schema()).isZero();
    assertThat(starts(Labels.of("__name__", "size")).values()).containsExactly(-60L, -60L);
  }

  @Test
  void theResolutionFallsBeforeBucketsAreTooMany() {
    ExponentialHistogramDataPoint sum =
        total(exponential(0, 1, 5, 0, 1), exponential(1, 2, 5, 159, 1));
    assertThat(sum.getScale()).isEqualTo(5);
    assertThat(sum.getPositive().getBucketCountsCount()).isEqualTo(160);
    sum = total(exponential(0, 1, 5, 0, 1), exponential(1, 2, 5, 160, 1));
    assertThat(sum.getScale()).isEqualTo(4);
    assertThat(sum.getPositive().getBucketCountsCount()).isEqualTo(81);
    long[] wide = new long[1_000];
    Arrays.fill(wide, 1);
    sum = total(exponential(0, 1, 5, -500, wide));
    assertThat(sum.getScale()).isEqualTo(2);
    assertThat(sum.getPositive().getBucketCountsList().stream().mapToLong(l -> l).sum())
        .isEqualTo(1_000);
    // Absurd places need absurd scales, which cannot be stored; the total goes on without them.
    ok(exponential(exponential(-60, -50, 5, 0, 1)));
    for (int offset : new int[] {Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      assertThat(write(to, exponential(exponential(-50, -40, 5, offset, 1, 1))).message())
          .contains("Scale must be >= -4");
    }
    ok(exponential(exponential(-50, -40, 5, 0, 1)));
    assertThat(head.of(Labels.of("__name__", "size")).histograms.lastEntry().getValue().count())
        .isEqualTo(2);
  }

  @Test
  void theZeroBucketIsTheWidestAndEndsWhereABucketDoes() {
    // At scale 0, buckets −2 to 1 end at 0.5, 1, 2, 4; 1.5 lies in the one that ends at 2.
    ExponentialHistogramDataPoint.Builder narrow = exponential(0, 1, 0, -2, 1, 2, 4, 8);
    ExponentialHistogramDataPoint.Builder wide = exponential(1, 2, 0, 1, 16);
    wide.setZeroThreshold(1.5).setZeroCount(100).setCount(116);
    ExponentialHistogramDataPoint sum = total(narrow, wide);
    assertThat(sum.getZeroThreshold()).isEqualTo(2);
    assertThat(sum.getZeroCount()).isEqualTo(107);
    assertThat(sum.getPositive().getOffset()).isEqualTo(1);
    assertThat(sum.getPositive().getBucketCountsList()).containsExactly(24L);
    assertThat(sum.getCount()).isEqualTo(131);
    // An empty bucket around it is none.
    ExponentialHistogramDataPoint.Builder gap = exponential(0, 1, 0, -2, 1, 2, 0, 8);
    assertThat(total(gap, wide).getZeroThreshold()).isEqualTo(1.5);
    assertThat(total(wide, gap).getZeroCount()).isEqualTo(103);
  }

  @Test
  void randomHistogramsLoseNothing() {
    Random random = new Random(Seeds.usual(11));
    for (int round = 0; round < 200; round++) {
      ExponentialHistogramDataPoint.Builder[] deltas =
          new ExponentialHistogramDataPoint.Builder[1 + random.nextInt(8)];
      long all = 0;
      for (int i = 0; i < deltas.length; i++) {
        long[] counts = random.longs(random.nextInt(200), 0, 3).toArray();
        deltas[i] = exponential(i, i + 1, random.nextInt(-2, 9), random.nextInt(-99, 99), counts);
        if (random.nextInt(4) == 0) {
          deltas[i].setZeroThreshold(random.nextDouble()).setZeroCount(7);
          deltas[i].setCount(deltas[i].getCount() + 7);
        }
        all += deltas[i].getCount();
      }
      ExponentialHistogramDataPoint sum = total(deltas);
      long told = sum.getZeroCount();
      for (long count : sum.getPositive().getBucketCountsList()) {
        told += count;
      }
      assertThat(sum.getCount()).isEqualTo(all);
      assertThat(told).isEqualTo(all);
      assertThat(sum.getPositive().getBucketCountsCount())
          .isLessThanOrEqualTo(ExponentialTotal.MOST_BUCKETS);
    }
  }

  @Test
  void mutatedDeltasNeverFailAndMemoryIsAccountedFor() {
    Random random = new Random(Seeds.usual(12));
    Ingestor small = ingestor(false, 20_000);
    RunningTotals totals = requireNonNull(small.runningTotals());
    ExponentialHistogramDataPoint.Builder wide = exponential(-50, -40, 3, -7, 1, 0, 5, 7);
    wide.setZeroThreshold(0.7).setZeroCount(2).setCount(15);
    byte[] source =
        request(
                List.of(attribute("service.name", "s")),
                sum(true, delta(-60, -50, 5), delta(-50, -40, 3)),
                histogram(buckets(-60, -50, 1), buckets(-50, -40, 4)),
                exponential(exponential(-60, -50, 5, 2, 1, 2, 3), wide))
            .toByteArray();
    int good = 0;
    for (int round = 0; round < 5_000; round++) {
      byte[] body = source.clone();
      for (int i = random.nextInt(5); i > 0; i--) {
        int at = random.nextInt(body.length);
        body[at] =
            random.nextBoolean()
                ? (byte) random.nextInt(256)
                : (byte) (body[at] ^ 1 << random.nextInt(8));
      }
      full = random.nextInt(10) == 0;
      IngestOutcome outcome =
          small.writeOtlp(body, 0, body.length, "application/x-protobuf", null, null);
      assertThat(outcome.status()).as(outcome.message()).isIn(200, 400, 413, 429);
      good += outcome.status() == 200 ? 1 : 0;
      assertThat(totals.bytes()).isBetween(0L, totals.mostBytes());
      if (round % 500 == 499) {
        now += 301_000;
        assertThat(totals.bytes()).isZero();
        assertThat(totals.streams()).isZero();
        head.series.clear();
      }
    }
    assertThat(good).isGreaterThan(20);
  }

  @Test
  void requestsAtTheSameTimeLoseNoDelta() throws Exception {
    int threads = 4;
    int each = 500;
    RunningTotals totals =
        new RunningTotals(
            new OtlpDeltas(OtlpDeltas.Use.CONVERT, 300_000, 1 << 20), () -> Instant.EPOCH);
    StreamIdentity stream = new StreamIdentity(1, 2);
    CountDownLatch begin = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        all.add(
            pool.submit(
                () -> {
                  begin.await();
                  NumberDataPoint one = NumberDataPoint.newBuilder().setAsInt(1).build();
                  for (int done = 0; done < each; ) {
                    RunningTotal before = totals.get(stream, 0);
                    NumberTotal next =
                        NumberTotal.of(before, one, new RunningTotal.Times(0, 0, 0, 0));
                    if (totals.put(stream, before, next) == RunningTotals.Put.DONE) {
                      done++;
                    }
                  }
                  return null;
                }));
      }
      begin.countDown();
      for (Future<?> one : all) {
        one.get();
      }
    }
    NumberTotal total = (NumberTotal) requireNonNull(totals.get(stream, 0));
    assertThat(total.in(NumberDataPoint.getDefaultInstance()).getAsInt())
        .isEqualTo((long) threads * each);
    assertThat(totals.bytes()).isEqualTo(total.bytes());
  }

  private static RunningTotal plusOne(RunningTotals totals, StreamIdentity stream) {
    RunningTotal before = totals.get(stream, 0);
    RunningTotal next =
        NumberTotal.of(
            before,
            NumberDataPoint.newBuilder().setAsInt(1).build(),
            new RunningTotal.Times(0, 0, 0, 0));
    next.isMadeBy(new Object(), before);
    assertThat(totals.put(stream, before, next)).isEqualTo(RunningTotals.Put.DONE);
    return next;
  }

  @Test
  void requestsThatFailOneAfterTheOtherLeaveWhatWasStored() {
    RunningTotals totals =
        new RunningTotals(
            new OtlpDeltas(OtlpDeltas.Use.CONVERT, 300_000, 1 << 20), () -> Instant.EPOCH);
    StreamIdentity stream = new StreamIdentity(1, 2);
    RunningTotal first = plusOne(totals, stream);
    first.isStored();
    RunningTotal second = plusOne(totals, stream);
    RunningTotal third = plusOne(totals, stream);
    totals.putBack(stream, second);
    assertThat(totals.get(stream, 0)).as("it has the second in it").isSameAs(third);
    totals.putBack(stream, third);
    assertThat(totals.get(stream, 0)).isSameAs(first);
    RunningTotal fourth = plusOne(totals, stream);
    RunningTotal fifth = plusOne(totals, stream);
    totals.putBack(stream, fifth);
    assertThat(totals.get(stream, 0)).isSameAs(fourth);
    totals.putBack(stream, fourth);
    assertThat(totals.get(stream, 0)).isSameAs(first);
    assertThat(totals.bytes()).isEqualTo(first.bytes());
    StreamIdentity other = new StreamIdentity(3, 4);
    RunningTotal one = plusOne(totals, other);
    RunningTotal two = plusOne(totals, other);
    totals.putBack(other, one);
    totals.putBack(other, two);
    assertThat(totals.streams()).isEqualTo(1);
    assertThat(totals.bytes()).isEqualTo(first.bytes());
  }

  @Test
  void aRepetitionIsNoSuccessBeforeTheFirstIs() {
    List<IngestOutcome> during = new ArrayList<>();
    ExportMetricsServiceRequest request =
        request(List.of(), sum(true, delta(-60, -50, 5), delta(-60, -50, 5)));
    whileAppending = () -> during.add(write(to, request));
    assertThat(write(to, request).status()).isEqualTo(200);
    assertThat(during).hasSize(1);
    assertThat(during.getFirst().status()).isEqualTo(503);
    assertThat(during.getFirst().message()).contains("another request is writing the same delta");
    assertThat(during.getFirst().retryAfterSeconds()).isEqualTo(1);
    assertThat(write(to, request).status()).isEqualTo(200);
    assertThat(stored(ORDERS)).isEqualTo(new TreeMap<>(Map.of(-50L, 5.0)));
  }
}
