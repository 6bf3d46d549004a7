package io.varve.query.function;

/**
 * Parts of a date in UTC from seconds since 1970, by unsigned arithmetic from a year so early that
 * every {@code long} has a date: what Go's {@code time} computes, wrapped for absurd inputs alike.
 */
final class Calendar {
  private static final long FIRST_YEAR = -292277022399L;
  private static final long DAYS_PER_400_YEARS = 146097;
  private static final long SECONDS_PER_DAY = 86400;

  /** Seconds from the first of January of {@link #FIRST_YEAR} to 1970, modulo 2^64. */
  private static final long ABSOLUTE_TO_UNIX = absoluteToUnix();

  final long year;
  final int month;
  final int day;
  final int dayOfYear;
  final int dayOfWeek;
  final int secondOfDay;

  private Calendar(long year, int month, int day, int dayOfYear, int dayOfWeek, int secondOfDay) {
    this.year = year;
    this.month = month;
    this.day = day;
    this.dayOfYear = dayOfYear;
    this.dayOfWeek = dayOfWeek;
    this.secondOfDay = secondOfDay;
  }

  private static long absoluteToUnix() {
    // FIRST_YEAR is 1 modulo 400, as 1601 is; 1601-01-01 lies 134774 days before 1970.
    long cycles = (1601 - FIRST_YEAR) / 400;
    return (cycles * DAYS_PER_400_YEARS + 134774) * SECONDS_PER_DAY;
  }

  static Calendar of(double seconds) {
    long absolute = Numbers.truncate(seconds) + ABSOLUTE_TO_UNIX;
    long days = Long.divideUnsigned(absolute, SECONDS_PER_DAY);
    int secondOfDay = (int) Long.remainderUnsigned(absolute, SECONDS_PER_DAY);
    int dayOfWeek = (int) ((days + 1) % 7); // the first of January was a Monday
    long cycles = days / DAYS_PER_400_YEARS;
    long rest = days % DAYS_PER_400_YEARS;
    long centuries = Math.min(rest / 36524, 3);
    rest -= centuries * 36524;
    long leaps = rest / 1461;
    rest -= leaps * 1461;
    long years = Math.min(rest / 365, 3);
    int dayOfYear = (int) (rest - years * 365);
    long year = FIRST_YEAR + 400 * cycles + 100 * centuries + 4 * leaps + years;
    int month = 1;
    int day = dayOfYear + 1;
    while (day > daysInMonth(year, month)) {
      day -= daysInMonth(year, month);
      month++;
    }
    return new Calendar(year, month, day, dayOfYear + 1, dayOfWeek, secondOfDay);
  }

  int hour() {
    return secondOfDay / 3600;
  }

  int minute() {
    return secondOfDay / 60 % 60;
  }

  int daysInMonth() {
    return daysInMonth(year, month);
  }

  private static int daysInMonth(long year, int month) {
    return switch (month) {
      case 2 -> year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
      case 4, 6, 9, 11 -> 30;
      default -> 31;
    };
  }
}
