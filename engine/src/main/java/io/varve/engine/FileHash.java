package io.varve.engine;

import io.varve.engine.format.Sha256;
import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;

/** The SHA-256 of files. */
final class FileHash {
  private static final int BUFFER_BYTES = 1 << 17;

  private FileHash() {}

  /** Reads a whole file. */
  static String of(FileSystem fs, Path file) throws IOException {
    MessageDigest digest = Sha256.digest();
    update(fs, file, digest, bytes -> {});
    return Sha256.hex(digest);
  }

  /** Reads a whole file into a digest; gives its size. */
  static long update(FileSystem fs, Path file, MessageDigest digest, ReadPace pace)
      throws IOException {
    try (FileSystem.ReadFile in = fs.open(file)) {
      byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, Math.max(1, in.size()))];
      for (long at = 0; at < in.size(); ) {
        int part = (int) Math.min(buffer.length, in.size() - at);
        in.readFully(at, buffer, 0, part);
        digest.update(buffer, 0, part);
        at += part;
        pace.read(part);
      }
      return in.size();
    }
  }
}
