package io.varve.http.json;

/**
 * The times of points as text. The series of a result have most of their times in common: those of
 * the longest so far are written once, and copied for the others. For one thread.
 */
final class PointTimes {
  /** Room for one: sign, 16 digits, point, 3 digits. */
  private static final int WIDTH = 24;

  /** Longer series are not kept; a range query has at most 11,000 points in each. */
  private static final int MOST = 1 << 14;

  private final boolean keeps;
  private long[] known = {};
  private byte[] texts = {};
  private byte[] lengths = {};
  private int next;

  /**
   * None so far.
   *
   * @param keeps false if there is one series only
   */
  PointTimes(boolean keeps) {
    this.keeps = keeps;
  }

  /** What is asked for from now on are some of these times, in order. */
  void begin(long[] times) {
    next = 0;
    if (!keeps || times.length <= known.length || times.length > MOST) {
      return;
    }
    known = times;
    texts = new byte[times.length * WIDTH];
    lengths = new byte[times.length];
    for (int i = 0; i < times.length; i++) {
      int at = i * WIDTH;
      lengths[i] = (byte) (GoFloat.writeSeconds(times[i], texts, at) - at);
    }
  }

  /**
   * Writes a time as {@link GoFloat#writeSeconds} does.
   *
   * @param into with room for {@link GoFloat#MOST_CHARS} more
   * @return the position after it
   */
  int write(long millis, byte[] into, int position) {
    while (next < known.length && known[next] < millis) {
      next++;
    }
    if (next == known.length || known[next] != millis) {
      return GoFloat.writeSeconds(millis, into, position);
    }
    System.arraycopy(texts, next * WIDTH, into, position, WIDTH);
    return position + lengths[next];
  }
}
