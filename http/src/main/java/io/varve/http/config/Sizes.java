package io.varve.http.config;

/** Sizes in bytes as the configuration writes them: {@code 512MiB}, units B, KiB, MiB, GiB, TiB. */
final class Sizes {
  private static final String[] UNITS = {"TiB", "GiB", "MiB", "KiB", "B"};
  private static final int[] SHIFTS = {40, 30, 20, 10, 0};

  private Sizes() {}

  static long parse(String text) {
    if (text.equals("0")) {
      return 0; // nothing needs no unit
    }
    for (int i = 0; i < UNITS.length; i++) {
      if (text.endsWith(UNITS[i])) {
        String digits = text.substring(0, text.length() - UNITS[i].length()).strip();
        if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
          break;
        }
        try {
          return Math.multiplyExact(Long.parseLong(digits), 1L << SHIFTS[i]);
        } catch (ArithmeticException | NumberFormatException e) {
          throw new IllegalArgumentException("size out of range: \"" + text + '"', e);
        }
      }
    }
    throw new IllegalArgumentException(
        "not a size: \"" + text + "\"; write a whole number with B, KiB, MiB, GiB or TiB");
  }

  static String print(long bytes) {
    for (int i = 0; i < UNITS.length; i++) {
      if (bytes != 0 && bytes % (1L << SHIFTS[i]) == 0) {
        return (bytes >> SHIFTS[i]) + UNITS[i];
      }
    }
    return bytes + "B";
  }
}
