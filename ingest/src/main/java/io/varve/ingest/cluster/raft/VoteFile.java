package io.varve.ingest.cluster.raft;

import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;

/**
 * The file in which Raft (Ratis 3.3.0) keeps the term and whom it voted for in it, as properties.
 * Ratis puts a new one in the old one's place also when it could not write it whole, so a full disk
 * leaves one behind that it does not start with.
 */
final class VoteFile {
  private static final String NAME = "raft-meta";
  private static final String TERM = "term";
  private static final String VOTE = "votedFor";

  private final Path file;

  /**
   * @param folder Raft's, with the log
   */
  VoteFile(Path folder) {
    file = folder.resolve(NAME);
  }

  /**
   * Writes it anew if it is cut.
   *
   * @param term the highest in which this node can have voted
   * @param self given the vote of that term, so that nobody else is
   */
  void mend(long term, String self) throws IOException {
    Properties found = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      found.load(in);
    } catch (NoSuchFileException e) {
      return; // this node has never voted
    }
    if (found.containsKey(VOTE) && termOf(found) >= term) {
      return;
    }
    Path next = file.resolveSibling(NAME + ".mended");
    String text = TERM + "=" + term + "\n" + VOTE + "=" + self + "\n";
    try (FileChannel out =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        var _ = out.write(bytes);
      }
      out.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static long termOf(Properties found) {
    try {
      return Long.parseLong(found.getProperty(TERM, "-1"));
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
