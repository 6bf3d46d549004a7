package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.http.config.ConfigException;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.PeerBook;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Whose list of nodes counts. */
final class SharedNodesTest {
  private static final List<Peer> CONFIGURED = List.of(peer("a"), peer("b"), peer("c"));

  private final PeerBook book = PeerBook.of("a", CONFIGURED);
  private final List<Peer> told = new ArrayList<>();
  private Set<String> members = Set.of("a", "b", "c");
  private final SharedNodes nodes = new SharedNodes(CONFIGURED, book, () -> members, told::addAll);

  private static Peer peer(String id) {
    return new Peer(id, id + ":1", id + ":2");
  }

  private static String text(String... ids) {
    return PeerBook.text(List.of(ids).stream().map(SharedNodesTest::peer).toList());
  }

  @Test
  void nodesThatWereAddedAreKnownAndStayWhileTheyDoNotVote() {
    String four = text("a", "b", "c", "d");
    assertThat(nodes.amended(four)).isNull();
    assertThat(nodes.agrees(four)).isFalse();
    assertThat(nodes.agrees(text("c", "b", "a"))).isTrue();
    nodes.take(four);
    assertThat(book.all()).hasSize(4);
    assertThat(told).contains(peer("d"));
  }

  @Test
  void theListOfAnotherClusterIsReplaced() {
    assertThat(nodes.amended(text("a", "b", "x"))).isEqualTo(text("a", "b", "c"));
    assertThatThrownBy(() -> nodes.take(text("x", "y", "z")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("none of x, y, z");
    assertThat(book.all()).isEqualTo(CONFIGURED);
  }

  @Test
  void itIsNotChangedByAFile() {
    assertThatThrownBy(() -> nodes.check(text("a", "b", "c"))).isInstanceOf(ConfigException.class);
    assertThatThrownBy(() -> nodes.take("?")).isInstanceOf(ConfigException.class);
  }
}
