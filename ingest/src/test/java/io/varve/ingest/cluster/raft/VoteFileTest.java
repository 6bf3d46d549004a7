package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class VoteFileTest {
  @TempDir Path folder;

  private String mended(String before) throws IOException {
    Path file = folder.resolve("raft-meta");
    Files.writeString(file, before);
    new VoteFile(folder).mend(12, "a");
    return Files.readString(file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "#\n", "votedFor=b\n", "term=12\n", "term=1\nvotedFor=b\n"})
  void isWrittenAnewIfItIsCut(String cut) throws IOException {
    assertThat(mended(cut)).isEqualTo("term=12\nvotedFor=a\n");
    assertThat(folder).isDirectoryContaining(path -> path.endsWith("raft-meta"));
  }

  @Test
  void staysIfItIsWhole() throws IOException {
    String whole = "#\n#Mon Nov 23 05:30:00 UTC 2026\nterm=12\nvotedFor=b\n";
    assertThat(mended(whole)).isEqualTo(whole);
  }

  @Test
  void isNotMadeForANodeThatNeverVoted() throws IOException {
    new VoteFile(folder).mend(12, "a");
    assertThat(folder).isEmptyDirectory();
  }
}
