package io.varve.http.backup;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file in the data folder that says on which timeline its log is being archived, and where. It is
 * not part of backups: what is restored goes on in another timeline. Text, one line each:
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
 * @param timeline its name
 * @param storeId number of the store
 * @param position at which it began
 * @param second at which it began
 * @param based whether a backup was made on it
 * @param place where it is archived
 */
record TimelineFile(
    String timeline, long storeId, long position, long second, boolean based, String place) {
  private static final String NAME = "TIMELINE";
  private static final String HEAD = "varve-timeline 1";
  private static final Pattern NUMBERS = Pattern.compile("[0-9]{1,18} [0-9]{1,12}");
  private static final Pattern TIMELINE =
      Pattern.compile("[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z-[0-9a-f]{8}");
  private static final Pattern STORE = Pattern.compile("[0-9a-f]{16}");

  /** That of a data folder; null if there is none, or it is not what this program writes. */
  static @Nullable TimelineFile read(Path dataDir) throws IOException {
    FileSystem fs = RealFileSystem.INSTANCE;
    Path file = dataDir.resolve(NAME);
    if (!fs.exists(file)) {
      return null;
    }
    List<String> lines = new String(fs.readAll(file), StandardCharsets.UTF_8).lines().toList();
    if (lines.size() != 6
        || !lines.get(0).equals(HEAD)
        || !TIMELINE.matcher(lines.get(1)).matches()
        || !STORE.matcher(lines.get(2)).matches()
        || !NUMBERS.matcher(lines.get(3)).matches()) {
      return null;
    }
    String[] numbers = lines.get(3).split(" ", 2);
    return new TimelineFile(
        lines.get(1),
        HexFormat.fromHexDigitsToLong(lines.get(2)),
        Long.parseLong(numbers[0]),
        Long.parseLong(numbers[1]),
        lines.get(4).equals("based"),
        lines.get(5));
  }

  void write(Path dataDir) throws IOException {
    FileSystem fs = RealFileSystem.INSTANCE;
    byte[] text =
        String.join(
                "\n",
                HEAD,
                timeline,
                HexFormat.of().toHexDigits(storeId),
                position + " " + second,
                based ? "based" : "new",
                place,
                "")
            .getBytes(StandardCharsets.UTF_8);
    Path unfinished = dataDir.resolve(NAME + ".new");
    fs.delete(unfinished);
    try (FileSystem.AppendFile out = fs.create(unfinished)) {
      out.write(text, 0, text.length);
      out.sync();
    }
    fs.rename(unfinished, dataDir.resolve(NAME));
    fs.syncDirectory(dataDir);
  }

  /** Whoever does not archive the log must not leave the impression that it is. */
  static void delete(Path dataDir) throws IOException {
    RealFileSystem.INSTANCE.delete(dataDir.resolve(NAME));
  }

  TimelineFile withBackup() {
    return new TimelineFile(timeline, storeId, position, second, true, place);
  }
}
