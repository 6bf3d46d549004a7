package io.varve.http.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

final class PlainXnioTest {
  @Test
  void whoeverAsksForBeansLaterGetsThem() throws Exception {
    assertThat(PlainXnio.start()).isNotNull();
    assertThat(System.getProperty("javax.management.builder.initial")).isNull();
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    assertThat(server.getAttribute(new ObjectName("java.lang:type=Runtime"), "Pid"))
        .isEqualTo(ProcessHandle.current().pid());
  }

  @Test
  void whatWasSetBeforeIsSetAfterwards() {
    String builder = "javax.management.MBeanServerBuilder";
    System.setProperty("javax.management.builder.initial", builder);
    try {
      assertThat(PlainXnio.start()).isNotNull();
      assertThat(System.getProperty("javax.management.builder.initial")).isEqualTo(builder);
    } finally {
      System.clearProperty("javax.management.builder.initial");
    }
  }
}
