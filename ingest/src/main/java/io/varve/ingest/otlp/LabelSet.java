package io.varve.ingest.otlp;

import io.varve.engine.model.Labels;
import java.util.Arrays;

/**
 * The labels of one series while they are put together: sorted as canonical label sets are, each
 * name once, no empty value. Not thread-safe; reused.
 */
final class LabelSet {
  private String[] names = new String[32];
  private String[] values = new String[32];
  private int size;

  void clear() {
    size = 0;
  }

  void copyFrom(LabelSet other) {
    if (names.length < other.size) {
      names = new String[other.names.length];
      values = new String[other.names.length];
    }
    System.arraycopy(other.names, 0, names, 0, other.size);
    System.arraycopy(other.values, 0, values, 0, other.size);
    size = other.size;
  }

  int size() {
    return size;
  }

  String name(int i) {
    return names[i];
  }

  String value(int i) {
    return values[i];
  }

  /** The value of a label, "" if it is not there. */
  String get(String name) {
    int at = find(name);
    return at < 0 ? "" : values[at];
  }

  /** Sets a label, in place of the one of that name; "" removes it. */
  void set(String name, String value) {
    int at = find(name);
    if (at >= 0 && value.isEmpty()) {
      System.arraycopy(names, at + 1, names, at, size - at - 1);
      System.arraycopy(values, at + 1, values, at, size - at - 1);
      size--;
    } else if (at >= 0) {
      values[at] = value;
    } else if (!value.isEmpty()) {
      insert(-at - 1, name, value);
    }
  }

  /** Sets a label; false if one of that name is there, which stays. */
  boolean setIfAbsent(String name, String value) {
    if (value.isEmpty()) {
      return true;
    }
    int at = find(name);
    if (at >= 0) {
      return false;
    }
    insert(-at - 1, name, value);
    return true;
  }

  private void insert(int at, String name, String value) {
    if (size == names.length) {
      names = Arrays.copyOf(names, size * 2);
      values = Arrays.copyOf(values, size * 2);
    }
    System.arraycopy(names, at, names, at + 1, size - at);
    System.arraycopy(values, at, values, at + 1, size - at);
    names[at] = name;
    values[at] = value;
    size++;
  }

  private int find(String name) {
    if (size == 0 || Labels.compareUtf8(names[size - 1], name) < 0) {
      return -size - 1; // labels mostly come in order
    }
    int low = 0;
    int high = size - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = Labels.compareUtf8(names[middle], name);
      if (order == 0) {
        return middle;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -low - 1;
  }
}
