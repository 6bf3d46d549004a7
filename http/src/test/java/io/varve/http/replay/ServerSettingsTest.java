package io.varve.http.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.http.config.ServerConfig;
import io.varve.retention.rules.YamlNode;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ServerSettingsTest {
  @Test
  void aVarveTellsThem() {
    ServerConfig config =
        ServerConfig.defaults().withExternalLabels(Labels.of("cluster", "a \"b\"", "zone", "z"));
    assertThat(ServerSettings.of(YamlNode.read(config.yaml())))
        .isEqualTo(new ServerSettings(Map.of("cluster", "a \"b\"", "zone", "z"), 60_000, 0));
    assertThat(ServerSettings.of(YamlNode.read(ServerConfig.defaults().yaml())).externalLabels())
        .isEmpty();
  }

  @Test
  void aPrometheusTellsThemGlobally() {
    YamlNode yaml =
        YamlNode.read(
            """
            global:
              evaluation_interval: 15s
              rule_query_offset: 1m
              external_labels:
                cluster: a
            rule_files: [x]
            """);
    assertThat(ServerSettings.of(yaml))
        .isEqualTo(new ServerSettings(Map.of("cluster", "a"), 15_000, 60_000));
  }

  @Test
  void whatIsNotToldIsNotKnown() {
    assertThat(ServerSettings.of(YamlNode.read(""))).isEqualTo(new ServerSettings(Map.of(), 0, -1));
  }
}
