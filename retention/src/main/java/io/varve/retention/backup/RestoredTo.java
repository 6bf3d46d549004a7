package io.varve.retention.backup;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.SmallFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * A file {@code RESTORED} in the folder of a shard that was restored: a line with the position of
 * its last record. What the store remembers of an archive of the log before that holds no longer,
 * as the log goes on otherwise from there.
 *
 * @param position of the last record that was restored; 0 if the store was not
 */
public record RestoredTo(long position) {
  private static final String NAME = "RESTORED";
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

  /** That of a folder. */
  public static RestoredTo read(FileSystem fs, Path folder) throws IOException {
    Path file = folder.resolve(NAME);
    if (!fs.exists(file)) {
      return new RestoredTo(0);
    }
    String text = new String(fs.readAll(file), StandardCharsets.US_ASCII).strip();
    // Rather begin a new archive than go on with a wrong one.
    return new RestoredTo(NUMBER.matcher(text).matches() ? Long.parseLong(text) : Long.MAX_VALUE);
  }

  void write(FileSystem fs, Path folder) throws IOException {
    SmallFile.write(
        fs, folder.resolve(NAME), (position + "\n").getBytes(StandardCharsets.US_ASCII));
  }
}
