package io.varve.ingest.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which nodes there are, also after a start. */
final class PeerBookTest {
  private static final Peer A = new Peer("a", "10.0.0.1:9201", "10.0.0.1:9301");
  private static final Peer B = new Peer("b", "10.0.0.2:9201", "10.0.0.2:9301");
  private static final Peer C = new Peer("c", "[::1]:9201", "[::1]:9301");

  @TempDir private Path folder;

  /** The example of {@link PeerBook}. */
  @Test
  void theExampleIsWrittenAndRead() {
    String text = "a 10.0.0.1:9201 10.0.0.1:9301\nb 10.0.0.2:9201 10.0.0.2:9301\n";
    assertThat(PeerBook.text(List.of(B, A))).isEqualTo(text);
    assertThat(PeerBook.parse(text)).containsExactly(A, B);
    for (String wrong : List.of("", "a b\n", "a b c d\n", " b c\n", text + text)) {
      assertThatThrownBy(() -> PeerBook.parse(wrong))
          .as(wrong)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void whatItWasToldLastOutlastsAStart() throws Exception {
    PeerBook book = PeerBook.open("a", folder, List.of(A, B));
    assertThat(book.others()).containsExactly(B);
    assertThat(book.other("a")).isNull();
    assertThat(book.of("a")).isEqualTo(A);
    book.replace(List.of(C, A));
    assertThat(book.all()).containsExactly(A, C);
    PeerBook again = PeerBook.open("a", folder, List.of(A, B));
    assertThat(again.all()).containsExactly(A, C);
    assertThat(again.of("b")).isNull();
    // What stands in the configuration is how this node reaches another one.
    Peer other = new Peer("c", "proxy:1", "proxy:2");
    PeerBook own = PeerBook.open("a", folder, List.of(A, B, other));
    assertThat(own.all()).containsExactly(A, other);
    assertThat(own.told()).containsExactly(A, C);
    Files.writeString(folder.resolve("PEERS"), "?");
    assertThatThrownBy(() -> PeerBook.open("a", folder, List.of(A, B)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("PEERS");
  }
}
