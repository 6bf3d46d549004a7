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
    assertThat(failure.remedy()).isEqualTo(LogFailure.Remedy.ROOM);
    assertThat(failure.cause()).contains(FULL);
    assertThat(LogFailure.of(at("write", "Disk quota exceeded")).remedy())
        .isEqualTo(LogFailure.Remedy.ROOM);
  }

  @Test
  void aFailedSyncIsWorseWhateverItsCause() {
    assertThat(LogFailure.of(at("force", FULL)).remedy()).isEqualTo(LogFailure.Remedy.SOMEBODY);
    assertThat(LogFailure.of(at("force", "Input/output error")).remedy())
        .isEqualTo(LogFailure.Remedy.SOMEBODY);
  }

  @Test
  void nothingElseIsTakenForMissingRoom() {
    assertThat(LogFailure.of(at("write", "Input/output error")).remedy())
        .isEqualTo(LogFailure.Remedy.SOMEBODY);
    assertThat(LogFailure.of(null).remedy()).isEqualTo(LogFailure.Remedy.NOTHING);
    assertThat(LogFailure.of(new IllegalStateException()).remedy())
        .isEqualTo(LogFailure.Remedy.SOMEBODY);
  }
}
