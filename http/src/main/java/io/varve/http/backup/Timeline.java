package io.varve.http.backup;

import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * On which timeline a store's log is being archived, and where. It is not part of backups: what is
 * restored goes on in another timeline. Text, one line each:
 *
 * <pre>
 * varve-timeline 1
 * TIMELINE
 * store number (16 hex digits)
 * position and second at which it began
 * based, or new: whether there is a backup on it
 * place
 * </pre>
 *
 * @param name its name
 * @param storeId number of the store
 * @param position at which it began
 * @param second at which it began
 * @param based whether a backup was made on it
 * @param place where it is archived
 */
record Timeline(
    String name, long storeId, long position, long second, boolean based, String place) {
  private static final String HEAD = "varve-timeline 1";
  private static final Pattern NUMBERS = Pattern.compile("[0-9]{1,18} [0-9]{1,12}");
  private static final Pattern NAME = Pattern.compile("[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z-[0-9a-f]{8}");
  private static final Pattern STORE = Pattern.compile("[0-9a-f]{16}");

  /** Reads {@link #text}; null if it is anything else. */
  static @Nullable Timeline parse(String text) {
    List<String> lines = text.lines().toList();
    if (lines.size() != 6
        || !lines.get(0).equals(HEAD)
        || !NAME.matcher(lines.get(1)).matches()
        || !STORE.matcher(lines.get(2)).matches()
        || !NUMBERS.matcher(lines.get(3)).matches()) {
      return null;
    }
    String[] numbers = lines.get(3).split(" ", 2);
    return new Timeline(
        lines.get(1),
        HexFormat.fromHexDigitsToLong(lines.get(2)),
        Long.parseLong(numbers[0]),
        Long.parseLong(numbers[1]),
        lines.get(4).equals("based"),
        lines.get(5));
  }

  String text() {
    return String.join(
        "\n",
        HEAD,
        name,
        HexFormat.of().toHexDigits(storeId),
        position + " " + second,
        based ? "based" : "new",
        place,
        "");
  }

  Timeline withBackup() {
    return new Timeline(name, storeId, position, second, true, place);
  }
}
