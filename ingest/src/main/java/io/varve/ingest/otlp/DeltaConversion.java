package io.varve.ingest.otlp;

import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.DataPointFlags;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.resource.v1.Resource;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.Reason;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts running totals in place of the deltas of one request, by the rules of OpenTelemetry's data
 * model. A delta that counts from before its stream began, or that is not newer than the newest, is
 * left out and told, unless it is the newest once more: then its sender did not get the answer.
 * What was added is taken back again if it cannot be stored, so that the sender may try once more;
 * unless another request has built on it, whose totals then have it in them. Not thread-safe;
 * reused.
 */
final class DeltaConversion {
  private record Change(StreamIdentity stream, RunningTotal next) {}

  /** Adds the point in hand to the total before it, if there is one. */
  private interface Addition<T extends RunningTotal> {
    T plus(@Nullable RunningTotal before, RunningTotal.Times times);
  }

  /** Whether the point in hand can be added to a total: a histogram may get other buckets. */
  private interface Fit {
    boolean suits(RunningTotal before);
  }

  private final Intake intake;
  private final RunningTotals totals;
  private final StreamIdentity.Hash hash;
  private final List<Change> changes = new ArrayList<>();
  private Metric metric = Metric.getDefaultInstance();
  private Object request = new Object();
  private boolean added; // the point in hand made the last change

  DeltaConversion(Intake intake, RunningTotals totals) {
    this.intake = intake;
    this.totals = totals;
    this.hash = totals.hash();
  }

  void begin() {
    changes.clear();
    request = new Object();
    totals.sweep();
  }

  void resource(Resource resource) {
    hash.resource(intake.batch.tenant, resource);
  }

  void scope(ScopeMetrics scope) {
    hash.scope(scope);
  }

  void metric(Metric of) {
    metric = of;
    hash.metric(of);
  }

  /** The point with its stream's total; null if it is left out, which is told. */
  @Nullable NumberDataPoint number(NumberDataPoint point) {
    if (passes(point.getFlags(), point.getTimeUnixNano())) {
      return point;
    }
    double value = point.hasAsDouble() ? point.getAsDouble() : point.getAsInt();
    if (!Double.isFinite(value) || (value < 0 && metric.getSum().getIsMonotonic())) {
      refuse(Reason.UNTRANSLATABLE, "the delta cannot be " + value);
      return null;
    }
    NumberTotal total =
        add(
            point.getAttributesList(),
            point.getStartTimeUnixNano(),
            point.getTimeUnixNano(),
            before -> true,
            (before, times) -> NumberTotal.of(before, point, times));
    return total == null ? null : total.in(point);
  }

  /** The point with its stream's total; null if it is left out, which is told. */
  @Nullable HistogramDataPoint histogram(HistogramDataPoint point) {
    if (passes(point.getFlags(), point.getTimeUnixNano())) {
      return point;
    }
    if (!Double.isFinite(point.getSum())) {
      refuse(Reason.UNTRANSLATABLE, "the sum of a delta cannot be " + point.getSum());
      return null;
    }
    BucketTotal total =
        add(
            point.getAttributesList(),
            point.getStartTimeUnixNano(),
            point.getTimeUnixNano(),
            before -> before instanceof BucketTotal buckets && buckets.suits(point),
            (before, times) -> BucketTotal.of(before, point, times));
    return total == null ? null : total.in(point);
  }

  /** The point with its stream's total; null if it is left out, which is told. */
  @Nullable ExponentialHistogramDataPoint exponential(ExponentialHistogramDataPoint point) {
    if (passes(point.getFlags(), point.getTimeUnixNano())) {
      return point;
    }
    if (!Double.isFinite(point.getSum())) {
      refuse(Reason.UNTRANSLATABLE, "the sum of a delta cannot be " + point.getSum());
      return null;
    }
    if (!Double.isFinite(point.getZeroThreshold())) {
      refuse(
          Reason.UNTRANSLATABLE,
          "the zero threshold of a delta cannot be " + point.getZeroThreshold());
      return null;
    }
    ExponentialTotal total =
        add(
            point.getAttributesList(),
            point.getStartTimeUnixNano(),
            point.getTimeUnixNano(),
            before -> true,
            (before, times) -> ExponentialTotal.of(before, point, times));
    return total == null ? null : total.in(point);
  }

  /** Stale markers stay what they are; what has no time will be refused. */
  private boolean passes(int flags, long time) {
    added = false;
    return time == 0 || (flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK_VALUE) != 0;
  }

  private <T extends RunningTotal> @Nullable T add(
      List<KeyValue> attributes, long from, long time, Fit fit, Addition<T> addition) {
    StreamIdentity stream = hash.point(attributes);
    long now = totals.nowMillis();
    while (true) {
      RunningTotal before = totals.get(stream, now);
      if (before != null && isLate(before, from, time)) {
        return null;
      }
      RunningTotal base = before != null && fit.suits(before) ? before : null;
      long start = base == null ? from : base.start();
      T next = addition.plus(base, new RunningTotal.Times(start, from, time, now));
      next.isMadeBy(request, before);
      switch (totals.put(stream, before, next)) {
        case DONE -> {
          changes.add(new Change(stream, next));
          added = true;
          return next;
        }
        case NO_ROOM -> {
          refuse(
              Reason.DELTA_LIMIT,
              "there is no memory for more running totals (otlp.delta_state_bytes)");
          return null;
        }
        case CHANGED -> {} // another request was faster: on top of its total, then
      }
    }
  }

  private boolean isLate(RunningTotal before, long from, long time) {
    if (time == before.time() && from == before.from()) {
      RunningTotal.Pending made = before.pending();
      if (made != null && !made.request.equals(request)) {
        throw new DeltaPendingException(metric.getName());
      }
      intake.refusals.countSilently(Reason.DELTA_OUT_OF_ORDER);
      return true;
    }
    boolean older = from != 0 && Long.compareUnsigned(from, before.start()) < 0;
    if (!older && Long.compareUnsigned(time, before.time()) > 0) {
      return false;
    }
    refuse(
        Reason.DELTA_OUT_OF_ORDER,
        older
            ? "the delta counts from before its stream began; do several processes send the same?"
            : "the delta is not newer than the one before it");
    return true;
  }

  private void refuse(Reason reason, String text) {
    intake.refusals.tell(
        intake.refusals.wantsText()
            ? text + " for metric " + UntranslatableException.quoted(metric.getName())
            : "");
    intake.refusals.countSamples(reason, 1);
    intake.checkEntries();
  }

  /** Takes the point in hand out again: it was refused after all. */
  void takeBackLast() {
    if (added) {
      added = false;
      takeBack();
    }
  }

  /** What the request has added is stored. */
  void keepAll() {
    for (Change change : changes) {
      change.next().isStored();
    }
    changes.clear();
  }

  /** Takes everything out again that the request has added. */
  void takeBackAll() {
    while (!changes.isEmpty()) {
      takeBack();
    }
  }

  private void takeBack() {
    Change change = changes.removeLast();
    totals.putBack(change.stream(), change.next());
  }
}
