package io.varve.retention.chunkstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.varve.engine.Seeds;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What every {@link ChunkStore} does. */
abstract class ChunkStoreTest {
  /** An empty one; the test closes it. */
  abstract ChunkStore open() throws Exception;

  private static ChunkStore.Source source(byte[] content) {
    return source(content, content.length);
  }

  private static ChunkStore.Source source(byte[] content, long claimed) {
    return new ChunkStore.Source() {
      @Override
      public long bytes() {
        return claimed;
      }

      @Override
      public InputStream open() {
        return new ByteArrayInputStream(content);
      }
    };
  }

  private static byte[] read(ChunkStore store, String name, long offset, long length)
      throws IOException {
    try (InputStream in = store.get(name, offset, length)) {
      return in.readAllBytes();
    }
  }

  private static byte[] all(ChunkStore store, String name) throws IOException {
    return read(store, name, 0, Long.MAX_VALUE);
  }

  private static byte[] bytes(Random random, int n) {
    byte[] bytes = new byte[n];
    random.nextBytes(bytes);
    return bytes;
  }

  @Test
  void keepsWhatItIsGiven() throws Exception {
    Random random = new Random(Seeds.usual(41));
    try (ChunkStore store = open()) {
      for (int n : new int[] {0, 1, 4096, 100_000, 7 << 20, (12 << 20) + 1}) {
        byte[] content = bytes(random, n);
        String name = "objects/ab/n-" + n + ".x=y_z";
        store.put(name, source(content));
        assertThat(Arrays.equals(all(store, name), content)).as("%d bytes", n).isTrue();
      }
    }
  }

  @Test
  void givesRanges() throws Exception {
    Random random = new Random(Seeds.usual(42));
    byte[] content = bytes(random, 10_000);
    try (ChunkStore store = open()) {
      store.put("a", source(content));
      assertThat(read(store, "a", 0, 1)).containsExactly(content[0]);
      assertThat(read(store, "a", 9_999, 1)).containsExactly(content[9_999]);
      assertThat(read(store, "a", 5, 0)).isEmpty();
      assertThat(read(store, "a", 9_000, 5_000))
          .isEqualTo(Arrays.copyOfRange(content, 9_000, 10_000));
      assertThat(read(store, "a", 123, Long.MAX_VALUE))
          .isEqualTo(Arrays.copyOfRange(content, 123, 10_000));
      assertThat(read(store, "a", 10_000, 7)).isEmpty();
      assertThat(read(store, "a", 10_007, Long.MAX_VALUE)).isEmpty();
    }
  }

  @Test
  void listsByPrefixInOrder() throws Exception {
    try (ChunkStore store = open()) {
      assertThat(store.list("")).isEmpty();
      assertThat(store.list("b/c")).isEmpty();
      for (String name : List.of("b/cc", "a", "b/c/d", "b/c.e", "bb", "b/c/a/x")) {
        store.put(name, source(name.getBytes(StandardCharsets.US_ASCII)));
      }
      assertThat(store.list("").stream().map(ChunkStore.Item::name))
          .containsExactly("a", "b/c.e", "b/c/a/x", "b/c/d", "b/cc", "bb");
      assertThat(store.list("b/c").stream().map(ChunkStore.Item::name))
          .containsExactly("b/c.e", "b/c/a/x", "b/c/d", "b/cc");
      assertThat(store.list("b/c/"))
          .containsExactly(new ChunkStore.Item("b/c/a/x", 7), new ChunkStore.Item("b/c/d", 5));
      assertThat(store.list("b/c/d/")).isEmpty();
      assertThat(store.list("x/y")).isEmpty();
    }
  }

  @Test
  void listsMoreThanOnePage() throws Exception {
    try (ChunkStore store = open()) {
      TreeMap<String, Long> expected = new TreeMap<>();
      for (int i = 0; i < 50; i++) {
        String name = "many/" + i;
        store.put(name, source(new byte[i % 3]));
        expected.put(name, (long) (i % 3));
      }
      TreeMap<String, Long> found = new TreeMap<>();
      store.list("many/").forEach(item -> found.put(item.name(), item.bytes()));
      assertThat(found).isEqualTo(expected);
    }
  }

  @Test
  void replacesAndDeletes() throws Exception {
    try (ChunkStore store = open()) {
      store.put("x/y", source(new byte[] {1, 2, 3}));
      store.put("x/y", source(new byte[] {4}));
      assertThat(all(store, "x/y")).containsExactly(4);
      store.delete("x/y");
      store.delete("x/y");
      store.delete("never/there");
      assertThat(store.list("")).isEmpty();
      assertThatExceptionOfType(NoSuchFileException.class)
          .isThrownBy(() -> all(store, "x/y"))
          .withMessage("x/y");
    }
  }

  @Test
  void keepsNothingOfWhatIsNotWhole() throws Exception {
    try (ChunkStore store = open()) {
      store.put("kept", source(new byte[100]));
      for (long wrong : new long[] {99, 101}) {
        assertThatExceptionOfType(IOException.class)
            .isThrownBy(() -> store.put("kept", source(new byte[100], wrong)));
        assertThatExceptionOfType(IOException.class)
            .isThrownBy(() -> store.put("new", source(new byte[100], wrong)));
      }
      byte[] large = new byte[10 << 20];
      for (long wrong : new long[] {large.length - 1, large.length + 1}) {
        assertThatExceptionOfType(IOException.class)
            .isThrownBy(() -> store.put("large", source(large, wrong)));
      }
      assertThat(all(store, "kept")).hasSize(100);
      assertThat(store.list("").stream().map(ChunkStore.Item::name)).containsExactly("kept");
    }
  }

  @Test
  void refusesOtherNames() throws Exception {
    try (ChunkStore store = open()) {
      for (String name :
          List.of("", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/.b", "ä", "a b", "a\\b")) {
        assertThatIllegalArgumentException()
            .as(name)
            .isThrownBy(() -> store.put(name, source(new byte[1])));
        assertThatIllegalArgumentException().isThrownBy(() -> store.delete(name));
      }
      String longest = "a".repeat(100) + "/" + "b".repeat(100);
      store.put(longest, source(new byte[1]));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.put("a/".repeat(300) + "a", source(new byte[1])));
    }
  }

  @Test
  void servesManyThreads() throws Exception {
    try (ChunkStore store = open();
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      store.put("t/all", source(new byte[500]));
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        int thread = t;
        running.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 10; i++) {
                    byte[] content = new byte[1_000 * thread + i];
                    Arrays.fill(content, (byte) i);
                    store.put("t/" + thread + "/" + i, source(content));
                    assertThat(all(store, "t/" + thread + "/" + i)).isEqualTo(content);
                    assertThat(all(store, "t/all")).hasSize(500);
                  }
                  return null;
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
      assertThat(store.list("t/")).hasSize(81);
    }
  }
}
