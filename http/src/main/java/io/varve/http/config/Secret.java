package io.varve.http.config;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A text that a configuration holds itself, or that stands in a file, which is read anew each time.
 *
 * @param inline the text; "" if there is none
 * @param file its path; "" if there is none
 */
public record Secret(String inline, String file) {
  /** No text. */
  public static final Secret NONE = new Secret("", "");

  private static final long MOST_BYTES = 1 << 20;

  /** Reads {@code key} and {@code key_file}, of which one may be there. */
  static Secret read(Settings in, String key) {
    String fileKey = key + "_file";
    Secret secret =
        new Secret(in.text(key, ""), in.value(fileKey, "", file -> Path.of(file).toString()));
    if (!secret.inline.isEmpty() && !secret.file.isEmpty()) {
      throw in.wrong(fileKey, "cannot be set together with " + key);
    }
    return secret;
  }

  /** True if there is none. */
  public boolean isNone() {
    return inline.isEmpty() && file.isEmpty();
  }

  /**
   * The text as it is now; "" if there is none.
   *
   * @throws IOException if the file cannot be read
   */
  public String text() throws IOException {
    if (file.isEmpty()) {
      return inline;
    }
    Path path = Path.of(file);
    try {
      if (Files.size(path) > MOST_BYTES) {
        throw new IOException(file + " is larger than 1 MiB");
      }
      return Files.readString(path);
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": no such file", e);
    } catch (AccessDeniedException e) {
      throw new IOException(file + ": permission denied", e);
    } catch (MalformedInputException e) {
      throw new IOException(file + " is not UTF-8 text", e);
    }
  }

  /** The same with a relative path seen from a folder. */
  Secret from(Path folder) {
    return file.isEmpty() ? this : new Secret(inline, folder.resolve(file).toString());
  }

  /** What is told of it: a text itself is not. */
  void write(FlowText to, String key) {
    to.put(key, inline.isEmpty() ? "" : "<secret>").text(key + "_file", file, "");
  }

  @Override
  public String toString() {
    return inline.isEmpty() ? file : "<secret>";
  }
}
