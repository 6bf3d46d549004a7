package io.varve.retention.chunkstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Objects in a folder. */
final class FolderChunkStoreTest extends ChunkStoreTest {
  @TempDir Path folder;

  @Override
  ChunkStore open() {
    return new FolderChunkStore(folder.resolve("store"));
  }

  @Test
  void doesNotListWhatAKilledProcessLeft() throws Exception {
    try (ChunkStore store = open()) {
      Files.createDirectories(folder.resolve("store/a"));
      Files.write(folder.resolve("store/a/.put-123"), new byte[5]);
      assertThat(store.list("")).isEmpty();
      assertThat(store.place()).isEqualTo(folder.resolve("store").toString());
    }
  }
}
