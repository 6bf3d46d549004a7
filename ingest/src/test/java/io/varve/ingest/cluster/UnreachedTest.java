package io.varve.ingest.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import org.junit.jupiter.api.Test;

final class UnreachedTest {
  @Test
  void saysWhyWithoutNamesOfClasses() {
    assertThat(Unreached.text(new ConnectException())).isEqualTo("nothing answers at its address");
    assertThat(Unreached.text(new ConnectException("Connection refused")))
        .isEqualTo("Connection refused");
    ConnectException unknown = new ConnectException();
    unknown.initCause(new UnresolvedAddressException());
    assertThat(Unreached.text(unknown)).isEqualTo("its host has no address");
    assertThat(Unreached.text(new HttpConnectTimeoutException("x"))).isEqualTo("no answer in time");
    assertThat(Unreached.text(new ClosedChannelException())).isEqualTo("the connection was closed");
    assertThat(Unreached.text(new IOException("it says no"))).isEqualTo("it says no");
    CorruptDataException damage = new CorruptDataException("a listing", 7, "is cut off");
    assertThat(Unreached.text(damage)).isEqualTo(damage.getMessage());
  }

  @Test
  void namesWhatHasNoWords() {
    assertThat(Unreached.text(new IllegalStateException())).contains("IllegalStateException");
  }
}
