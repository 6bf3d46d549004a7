package io.varve.query.function;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.List;

/**
 * The order in which {@code sort_by_label} compares label values: runs of digits by their number,
 * everything else by bytes, so that "2" comes before "10" (as the Go library facette/natsort).
 */
public final class NaturalOrder {
  private NaturalOrder() {}

  /** Compares two different values; negative if the first one comes first. */
  public static int compare(String a, String b) {
    return isLess(chunks(a), chunks(b)) ? -1 : 1;
  }

  private static boolean isLess(List<String> a, List<String> b) {
    for (int i = 0; i < a.size(); i++) {
      if (i >= b.size()) {
        return false;
      }
      String x = a.get(i);
      String y = b.get(i);
      boolean equal = x.equals(y);
      if (!equal && isNumber(x) && isNumber(y)) {
        int c = Long.compare(Long.parseLong(x), Long.parseLong(y));
        if (c != 0) {
          return c < 0;
        }
        equal = true;
      }
      if (!equal) {
        return Labels.compareUtf8(x, y) < 0;
      }
      if (i == a.size() - 1) {
        return true;
      }
      if (i == b.size() - 1) {
        return false;
      }
    }
    return false;
  }

  private static boolean isNumber(String chunk) {
    if (!isDigit(chunk.charAt(0))) {
      return false;
    }
    try {
      Long.parseLong(chunk);
      return true;
    } catch (NumberFormatException e) {
      return false; // too large: compared as text
    }
  }

  private static List<String> chunks(String text) {
    List<String> chunks = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= text.length(); i++) {
      if (i == text.length() || isDigit(text.charAt(i)) != isDigit(text.charAt(i - 1))) {
        chunks.add(text.substring(from, i));
        from = i;
      }
    }
    return chunks;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
