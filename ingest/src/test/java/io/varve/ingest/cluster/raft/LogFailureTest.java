package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

final class LogFailureTest {
  private static final String FULL = "No space left on device";

  private static IOException at(String method, String message) {
    IOException failure = new IOException(message);
    failure.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement("sun.nio.ch.FileChannelImpl", method, "FileChannelImpl.java", 1)
        });
    return failure;
  }

  @Test
  void missingRoomForAnEntryIsNothingWorse() {
    LogFailure failure = LogFailure.of(new CompletionException(at("write", FULL)));
    assertThat(failure.noRoom()).isTrue();
    assertThat(failure.cause()).contains(FULL);
    assertThat(LogFailure.of(at("write", "Disk quota exceeded")).noRoom()).isTrue();
  }

  @Test
  void aFailedSyncIsWorseWhateverItsCause() {
    assertThat(LogFailure.of(at("force", FULL)).noRoom()).isFalse();
    assertThat(LogFailure.of(at("force", "Input/output error")).noRoom()).isFalse();
  }

  @Test
  void nothingElseIsTakenForMissingRoom() {
    assertThat(LogFailure.of(at("write", "Input/output error")).noRoom()).isFalse();
    assertThat(LogFailure.of(null).noRoom()).isFalse();
    assertThat(LogFailure.of(new IllegalStateException()).noRoom()).isFalse();
  }
}
