package io.varve.ingest.intake;

import io.varve.engine.format.ByteWriter;
import io.varve.ingest.protobuf.ProtoReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The labels of one series of a request, as slices of the request's bytes: collected in any order,
 * checked against the rules, and written in canonical form (see {@code Labels}). Only series that
 * are not known yet come here. Labels with an empty value are dropped before anything is checked,
 * because a missing label and an empty one are the same. Not thread-safe; reused.
 */
public final class LabelCollector {
  private static final byte[] METRIC_NAME = "__name__".getBytes(StandardCharsets.UTF_8);
  private static final int MOST_TEXT = 2_000;

  private final LabelLimits limits;
  private byte[] source = new byte[0];
  private int kept;
  private int count; // of kept labels, those that have a slot
  private boolean droppedEmpty;
  private boolean ascending;
  private final int[] nameAt;
  private final int[] nameLength;
  private final int[] valueAt;
  private final int[] valueLength;
  private final int[] order; // slots by name
  private int metricSlot;
  private int setBytes;
  private int culprit; // the slot that check() refused

  /** A collector that holds labels to these limits. */
  public LabelCollector(LabelLimits limits) {
    this.limits = limits;
    int slots = limits.labels();
    nameAt = new int[slots];
    nameLength = new int[slots];
    valueAt = new int[slots];
    valueLength = new int[slots];
    order = new int[slots];
  }

  /** Begins a series whose labels are slices of {@code source}. */
  public void begin(byte[] source) {
    this.source = source;
    kept = 0;
    count = 0;
    droppedEmpty = false;
    ascending = true;
    metricSlot = -1;
    setBytes = 0;
  }

  /** Adds a label. */
  public void add(int nameOffset, int nameBytes, int valueOffset, int valueBytes) {
    if (valueBytes == 0) {
      droppedEmpty = true;
      return;
    }
    kept++;
    if (count == order.length) {
      return; // over the limit: check() will say so
    }
    int slot = count;
    nameAt[slot] = nameOffset;
    nameLength[slot] = nameBytes;
    valueAt[slot] = valueOffset;
    valueLength[slot] = valueBytes;
    int place = slot;
    if (slot > 0 && compareNames(order[slot - 1], slot) >= 0) {
      ascending = false;
      place = placeOf(slot);
      System.arraycopy(order, place, order, place + 1, slot - place);
    }
    order[place] = slot;
    count = slot + 1;
    if (metricSlot < 0 && isMetricName(slot)) {
      metricSlot = slot;
    }
  }

  /** Counts labels that were sent but are not looked at, because there are too many. */
  public void leaveOut(int labels) {
    kept += labels;
  }

  /** Where the slot's name belongs among those before it, after equal ones. */
  private int placeOf(int slot) {
    int low = 0;
    int high = slot;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (compareNames(order[middle], slot) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private int compareNames(int a, int b) {
    return Arrays.compareUnsigned(
        source, nameAt[a], nameAt[a] + nameLength[a], source, nameAt[b], nameAt[b] + nameLength[b]);
  }

  private boolean isMetricName(int slot) {
    return isMetricName(source, nameAt[slot], nameLength[slot]);
  }

  /** True for the name of the label that holds the metric's name. */
  public static boolean isMetricName(byte[] bytes, int offset, int length) {
    return Arrays.equals(bytes, offset, offset + length, METRIC_NAME, 0, METRIC_NAME.length);
  }

  /** Most labels of a series. */
  public int most() {
    return limits.labels();
  }

  /** Most canonical bytes of a series. */
  public int mostBytes() {
    return limits.setBytes();
  }

  /** Labels that were collected, empty ones not counted. */
  public int size() {
    return kept;
  }

  /** True if labels came in canonical order and none was dropped. */
  public boolean cameInOrder() {
    return ascending && !droppedEmpty;
  }

  /** True if the labels that were not dropped came in canonical order. */
  public boolean isSorted() {
    return ascending;
  }

  /** Why the label set cannot name a series, or null if it can. */
  public @Nullable Reason check() {
    if (kept > count) {
      return Reason.LABEL_LIMIT;
    }
    if (metricSlot < 0 || !isUtf8()) {
      return Reason.INVALID_LABELS;
    }
    for (int i = 1; i < count; i++) {
      if (compareNames(order[i - 1], order[i]) == 0) {
        culprit = order[i];
        return Reason.DUPLICATE_LABEL;
      }
    }
    long bytes = 0;
    for (int slot = 0; slot < count; slot++) {
      if (nameLength[slot] > limits.nameBytes() || valueLength[slot] > limits.valueBytes()) {
        culprit = slot;
        return Reason.LABEL_LIMIT;
      }
      int body = bodyBytes(slot);
      bytes += 1 + ProtoReader.varintBytes(body) + body;
    }
    if (bytes > limits.setBytes()) {
      culprit = -1;
      setBytes = (int) Math.min(bytes, Integer.MAX_VALUE);
      return Reason.LABEL_LIMIT;
    }
    return null;
  }

  /** True if the collected labels can be those of an exemplar. */
  public boolean checkExemplar() {
    if (kept > count || !isUtf8()) {
      return false;
    }
    long characters = 0;
    for (int i = 0; i < count; i++) {
      if (i > 0 && compareNames(order[i - 1], order[i]) == 0) {
        return false;
      }
      characters += Utf8.characters(source, nameAt[i], nameLength[i]);
      characters += Utf8.characters(source, valueAt[i], valueLength[i]);
    }
    return characters <= limits.exemplarCharacters();
  }

  private boolean isUtf8() {
    for (int slot = 0; slot < count; slot++) {
      if (nameLength[slot] == 0
          || !Utf8.isValid(source, nameAt[slot], nameLength[slot])
          || !Utf8.isValid(source, valueAt[slot], valueLength[slot])) {
        return false;
      }
    }
    return true;
  }

  private int bodyBytes(int slot) {
    return 2
        + ProtoReader.varintBytes(nameLength[slot])
        + nameLength[slot]
        + ProtoReader.varintBytes(valueLength[slot])
        + valueLength[slot];
  }

  /** Appends the canonical bytes of labels that were checked. */
  public void writeCanonical(ByteWriter out) {
    for (int i = 0; i < count; i++) {
      int slot = order[i];
      out.u8(0x0A);
      out.varint(bodyBytes(slot));
      out.u8(0x0A);
      out.varint(nameLength[slot]);
      out.bytes(source, nameAt[slot], nameLength[slot]);
      out.u8(0x12);
      out.varint(valueLength[slot]);
      out.bytes(source, valueAt[slot], valueLength[slot]);
    }
  }

  /** What {@link #check} refused, in the words of Prometheus where it has some. */
  public String problem(Reason reason) {
    StringBuilder out = new StringBuilder(128);
    switch (reason) {
      case INVALID_LABELS -> {
        out.append("invalid metric name or labels, got ");
        describe(out);
      }
      case DUPLICATE_LABEL -> {
        out.append("invalid labels for series, labels ");
        describe(out);
        out.append(", duplicated label ");
        LabelText.name(out, source, nameAt[culprit], nameLength[culprit]);
      }
      case LABEL_LIMIT -> limitProblem(out);
      case TOO_FAR_IN_FUTURE,
          UNTRANSLATABLE,
          INVALID_HISTOGRAM,
          REFUSED_BY_STORE,
          EXEMPLAR,
          METADATA ->
          throw new IllegalArgumentException("not about labels: " + reason);
    }
    return out.toString();
  }

  private void limitProblem(StringBuilder out) {
    if (kept > count) {
      out.append("label_limit exceeded (");
      metric(out);
      out.append(", number of labels: ").append(kept);
      out.append(", limit: ").append(limits.labels());
    } else if (culprit < 0) {
      out.append("label_set_length_limit exceeded (");
      metric(out);
      out.append(", length: ").append(setBytes).append(", limit: ").append(limits.setBytes());
    } else {
      boolean name = nameLength[culprit] > limits.nameBytes();
      out.append(name ? "label_name_length_limit" : "label_value_length_limit");
      out.append(" exceeded (");
      metric(out);
      out.append(", label name: ");
      LabelText.name(out, source, nameAt[culprit], nameLength[culprit]);
      out.append(", length: ").append(name ? nameLength[culprit] : valueLength[culprit]);
      out.append(", limit: ").append(name ? limits.nameBytes() : limits.valueBytes());
    }
    out.append(')');
  }

  private void metric(StringBuilder out) {
    out.append("metric: ");
    if (metricSlot >= 0) {
      LabelText.name(out, source, valueAt[metricSlot], valueLength[metricSlot]);
    }
  }

  /** The labels as Prometheus prints them, cut when they are long. */
  public void describe(StringBuilder out) {
    int start = out.length();
    out.append('{');
    for (int i = 0; i < count; i++) {
      if (i > 0) {
        out.append(", ");
      }
      if (out.length() - start > MOST_TEXT) {
        out.append('…');
        break;
      }
      int slot = order[i];
      LabelText.name(out, source, nameAt[slot], nameLength[slot]);
      out.append('=');
      LabelText.quoted(out, source, valueAt[slot], valueLength[slot]);
    }
    out.append('}');
  }
}
