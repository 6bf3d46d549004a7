package io.varve.http.cli;

import java.util.List;

/** What must be done to the lines of one text to make another one of it. */
final class LineDiff {
  /** Beyond these the texts are shown one behind the other. */
  private static final int MOST_LINES = 2000;

  private LineDiff() {}

  /** Lines that only the first has begin with {@code -}, those of the second with {@code +}. */
  static String of(String first, String second) {
    List<String> a = first.lines().toList();
    List<String> b = second.lines().toList();
    if (a.size() > MOST_LINES || b.size() > MOST_LINES) {
      return "\n- " + String.join("\n- ", a) + "\n+ " + String.join("\n+ ", b);
    }
    int[][] common = common(a, b);
    StringBuilder out = new StringBuilder();
    int i = 0;
    int j = 0;
    while (i < a.size() || j < b.size()) {
      if (i < a.size() && j < b.size() && a.get(i).equals(b.get(j))) {
        out.append("\n  ").append(a.get(i++));
        j++;
      } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
        out.append("\n- ").append(a.get(i++));
      } else {
        out.append("\n+ ").append(b.get(j++));
      }
    }
    return out.toString();
  }

  /** How many lines are common to the texts from two of their lines on, in order. */
  private static int[][] common(List<String> a, List<String> b) {
    int[][] common = new int[a.size() + 1][b.size() + 1];
    for (int i = a.size() - 1; i >= 0; i--) {
      for (int j = b.size() - 1; j >= 0; j--) {
        common[i][j] =
            a.get(i).equals(b.get(j))
                ? common[i + 1][j + 1] + 1
                : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    return common;
  }
}
