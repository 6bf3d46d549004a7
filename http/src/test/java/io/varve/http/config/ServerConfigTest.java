package io.varve.http.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.AggregateRule;
import io.varve.engine.DiskLimits;
import io.varve.engine.DuplicatePolicy;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Grouping;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import io.varve.http.RepositoryFiles;
import io.varve.ingest.otlp.OtlpDeltas;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerConfigTest {
  @Test
  void theDocumentedFileShowsEveryKeyWithItsDefault() throws Exception {
    Path file = documented();
    assertThat(ServerConfig.load(file)).isEqualTo(ServerConfig.defaults());
    List<String> shown = new ArrayList<>();
    flatten("", YamlFile.read("doc", Files.readString(file)), shown);
    assertThat(shown).containsExactlyElementsOf(ServerConfig.keys());
  }

  private static final String ALL = "promote_all_resource_attributes: true";

  @Test
  void everyValueOfTheDocumentedFileIsRead() throws Exception {
    // Each line is changed on its own: a key that is named but not used would leave the defaults.
    List<String> lines = Files.readAllLines(documented());
    int changed = 0;
    for (int i = 0; i < lines.size(); i++) {
      String other = other(lines.get(i));
      if (other != null) {
        List<String> copy = new ArrayList<>(lines);
        copy.set(i, other.replace("archive: 1h", "archive: 1m"));
        if (other.contains("ignore_resource_attributes")) {
          copy.replaceAll(line -> line.replace("promote_all_resource_attributes: false", ALL));
        }
        if (other.startsWith("  store: ")) {
          copy.set(i, "  store: s3://bkt/p");
        }
        if (other.contains("every: ") || other.contains("archive: ")) {
          copy.replaceAll(line -> line.replace("store: none", "store: s3://bkt/p"));
        }
        if (other.contains("secret_key_file: ")) {
          copy.replaceAll(line -> line.replace("access_key: none", "access_key: id"));
        }
        if (other.contains("access_key: ")) {
          copy.replaceAll(line -> line.replace("secret_key_file: none", "secret_key_file: f"));
        }
        if (other.contains("peers: ")) {
          copy.replaceAll(line -> line.replace("node: none", "node: a"));
          copy.replaceAll(line -> line.replace(" secret: none", " secret_file: s"));
          copy.removeIf(line -> line.equals("  secret_file: none"));
        }
        if (other.matches(" +(cert|key|ca)_file: .*")) {
          copy.replaceAll(line -> line.replaceFirst("^( +(cert|key|ca)_file): none", "$1: f.pem"));
        }
        ServerConfig config = ServerConfig.parse("changed", String.join("\n", copy));
        assertThat(config).as(other).isNotEqualTo(ServerConfig.defaults());
        if (other.contains("  secret: ")) {
          assertThat(config.yaml()).contains("secret: <secret>").doesNotContain("example.org");
        } else {
          assertThat(ServerConfig.parse("again", config.yaml())).as(other).isEqualTo(config);
        }
        changed++;
      }
    }
    assertThat(changed).isEqualTo(ServerConfig.keys().size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{resolutions: [5m]} | aggregates.rules[0].name: is missing",
        "{name: a} | aggregates.rules[0].resolutions: is missing",
        "{name: a, resolutions: []} | at least one resolution is needed",
        "{name: a, resolutions: [0s]} | is not between 1s and 30d",
        "{name: a, resolutions: [7m]} | a resolution of 7m does not divide the windows of 1d",
        "{name: a, resolutions: [5m], match: '{'} | is no series selector",
        "{name: a, resolutions: [5m], functions: [p99]} | is none of rate, increase",
        "{name: a, resolutions: [5m], keep: 1d} | unknown setting aggregates.rules[0].keep",
        "{name: a, resolutions: [5m]}, {name: a, resolutions: [1h]} | another aggregate is called",
        "{name: a, resolutions: [1h], match: x, by: [j]} | functions: is missing",
        "{name: a, resolutions: [1h], match: x, functions: [delta], by: [j]} | no groups are kept"
            + " of delta",
        "{name: a, resolutions: [1h], functions: [rate], by: [j]} | say of which",
        "{name: a, resolutions: [1h], match: x, functions: [rate], by: [j], without: [k]} | there"
            + " is by already",
        "{name: a, resolutions: [1h], match: x, functions: [rate], by: [__name__]} | is lost by"
            + " functions",
        "{name: a, resolutions: [1h], match: x, functions: [rate], by: ['']} | a label without a"
            + " name",
        "{name: a, resolutions: [1h], match: x, functions: [rate], by: j} | takes a list",
        "{name: a, resolutions: [1h], match: x, functions: [rate], by: [], aggregations: [topk]} |"
            + " is none of sum",
        "{name: a, resolutions: [1h], match: x, functions: [rate], aggregations: [sum]} | takes by"
            + " or without",
        "a | takes a list of entries"
      })
  void aggregatesThatMakeNoSenseAreNamed(String rules, String problem) {
    assertThatThrownBy(
            () -> ServerConfig.parse("c.yaml", "aggregates:\n  rules: [" + rules + "]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(problem)
        .hasMessageContaining("c.yaml:2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "every: 1h | every needs a store",
        "archive: 10s | archive needs a store",
        "{store: a, archive: 2m} | archive is at most 1m",
        "{store: a, archive: 10ms} | is less than 1s",
        "access_key: a | belong together",
        "{encryption_key_file: a, encryption_key_env: B} | one key is enough",
        "store: s3://UPPER | is not s3://BUCKET",
        "store: s3:// | is not s3://BUCKET",
        "store: gs://bucket/x | is neither a folder nor s3://BUCKET/PREFIX",
        "store: 's3:/bucket' | is neither a folder nor s3://BUCKET/PREFIX",
        "store: s3://bucket/a//b | is not s3://BUCKET",
        "endpoint: nowhere | is not of the form https://HOST",
        "endpoint: 'http://[' | is not a URL",
        "{store: a, every: 5s} | is less than 1m",
        "keep_last: -1 | is not between 0",
        "addressing: x | addressing"
      })
  void backupsThatMakeNoSenseAreNamed(String settings, String problem) {
    String braced = settings.startsWith("{") ? settings : "{" + settings + "}";
    assertThatThrownBy(() -> ServerConfig.parse("c.yaml", "backup: " + braced + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(problem)
        .hasMessageContaining("c.yaml:1");
  }

  private static final String PEERS =
      "[{id: a, http: 'ha:1', raft: 'ha:2'}, {id: b, http: 'hb:1', raft: 'hb:2'},"
          + " {id: c, http: '[::1]:1', raft: 'hc:2'}]";

  private static final String LOOPBACK =
      "[{id: a, http: '127.0.0.1:1', raft: 'localhost:2'},"
          + " {id: b, http: '127.0.0.1:3', raft: 'localhost:4'},"
          + " {id: c, http: '[::1]:5', raft: '127.9.0.1:6'}]";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "node: a, secret: s, peers: PEERS |",
        "node: a, peers: LOOPBACK |",
        "node: a, tls: {cert_file: a, key_file: b, ca_file: c}, peers: PEERS |",
        "node: a, peers: PEERS | cluster.secret: is missing: nodes on other machines",
        "secret: s, peers: PEERS | cluster.node: is missing: which of a, b, c",
        "node: d, secret: s, peers: PEERS | cluster.node: d is not among the peers a, b, c",
        "node: 'a b' | is not a name",
        "name: '' | has no value",
        "node: a, peers: [] |",
        "node: a, peers: [{id: a, http: 'h:1', raft: 'h:2'}] | a cluster has 3 nodes (at most 7),"
            + " and 1",
        "peers: [{http: 'h:1', raft: 'h:2'}] | cluster.peers[0].id: is missing",
        "peers: [{id: a, raft: 'h:2'}] | cluster.peers[0].http: is missing",
        "peers: [{id: a, http: 'h:1'}] | cluster.peers[0].raft: is missing",
        "peers: [{id: a, http: 'h', raft: 'h:2'}] | is not HOST:PORT",
        "peers: [{id: a, http: 'h:0', raft: 'h:2'}] | that other nodes can connect to",
        "peers: [{id: a, http: ':1', raft: 'h:2'}] | that other nodes can connect to",
        "peers: [{id: a, http: 'h:1', raft: 'h:2', x: 1}] | unknown setting cluster.peers[0].x",
        "node: a, secret: s, peers: SAMEID | two nodes are called b",
        "node: a, secret: s, peers: SAMEADDRESS | ha:1 is listed twice",
        "secret: a, secret_file: b | cannot be set together",
        "secret: 'a b' | visible ASCII",
        "tls: {cert_file: a, key_file: b} | belong together",
        "tls: {ca_file: b} | belong together",
        "replication: maybe | is not one of sync, async",
        "reads: {level: fenced} | bounded or strong",
        "reads: {level: x} | is not one of",
        "reads: {max_lag: 1ms} | is not between 10ms",
        "reads: {stale: x} | is not one of answer, refuse",
        "ship: {max_bytes_per_second: 5} | not a size",
        "write_timeout: 1ms | is not between 100ms",
        "shards: 3 | unknown setting cluster.shards"
      })
  void clustersThatMakeNoSenseAreNamed(String settings, @Nullable String problem) {
    String text =
        "cluster: {"
            + settings
                .replace("SAMEID", PEERS.replace("id: c", "id: b"))
                .replace("SAMEADDRESS", PEERS.replace("hc:2", "ha:1"))
                .replace("PEERS", PEERS)
                .replace("LOOPBACK", LOOPBACK)
            + "}\n";
    if (problem == null) {
      ServerConfig config = ServerConfig.parse("c.yaml", text);
      assertThat(config.cluster().isSet()).isEqualTo(settings.matches(".*(PEERS|LOOP).*"));
      assertThat(config.cluster().node()).isEqualTo("a");
      return;
    }
    assertThatThrownBy(() -> ServerConfig.parse("c.yaml", text))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(problem)
        .hasMessageContaining("c.yaml:1");
  }

  @Test
  void filesOfTheClusterAreSeenFromTheFolderOfTheConfiguration(@TempDir Path folder)
      throws Exception {
    Files.writeString(folder.resolve("s"), "top-secret\n");
    Path file = folder.resolve("c.yaml");
    Files.writeString(file, "cluster: {node: b, secret_file: s, peers: " + PEERS + "}\n");
    ClusterConfig config = ServerConfig.load(file).cluster();
    assertThat(config.token()).isEqualTo("top-secret");
    assertThat(config.self().http()).isEqualTo("hb:1");
    assertThat(config.peers().get(2).http()).isEqualTo("[::1]:1");
    Files.writeString(folder.resolve("s"), "two words");
    assertThatThrownBy(config::token).hasMessageContaining("visible ASCII");
    Files.writeString(file, "cluster: {node: a, peers: " + LOOPBACK + "}\n");
    assertThat(ServerConfig.load(file).cluster().token()).isEqualTo("varve");
  }

  /** Every setting of an entry, each with another value than it has if it is left out. */
  private static final String ALERTMANAGERS =
      """
      alerting:
        alertmanagers:
          - scheme: https
            path_prefix: a/b/
            api_version: v2
            timeout: 3s
            basic_auth: {username_file: u, password_file: p}
            tls_config:
              ca_file: ca.pem
              cert_file: cert.pem
              key_file: /key.pem
              server_name: s
              insecure_skip_verify: true
              min_version: TLS10
              max_version: TLS12
            follow_redirects: false
            enable_http2: false
            static_configs:
              - targets: ["h:1", "[::1]:2"]
                labels: {a: b, "c.d": ""}
              - targets: []
            file_sd_configs:
              - files: [f/*.json, g.yml]
                refresh_interval: 1m
            relabel_configs: [{target_label: x, replacement: "", source_labels: [a, b]}]
            alert_relabel_configs: [{action: hashmod, target_label: x, modulus: 18446744073709551615}]
          - authorization: {type: Token, credentials_file: t}
          - http://h:9093
      """;

  @Test
  void alertmanagersAreReadAsPrometheusHasThem(@TempDir Path folder) throws Exception {
    ServerConfig config = ServerConfig.parse("c", ALERTMANAGERS);
    assertThat(ServerConfig.parse("again", config.yaml())).isEqualTo(config);
    AlertmanagersConfig all = config.alerting().alertmanagers().getFirst();
    assertThat(all.pathPrefix()).isEqualTo("/a/b");
    assertThat(all.relabel()).hasSize(1);
    assertThat(all.client().tls().newest()).isEqualTo(12);
    assertThat(all.targets().getFirst().labels()).containsEntry("c.d", "");
    assertThat(config.alerting().alertmanagers().getLast())
        .isEqualTo(
            ServerConfig.parse(
                    "c", "alerting: {alertmanagers: [{static_configs: [{targets: [\"h:9093\"]}]}]}")
                .alerting()
                .alertmanagers()
                .getFirst());
    Path file = Files.writeString(folder.resolve("c"), ALERTMANAGERS);
    AlertmanagersConfig loaded = ServerConfig.load(file).alerting().alertmanagers().getFirst();
    assertThat(loaded.files().getFirst().patterns())
        .containsExactly(folder.resolve("f/*.json").toString(), folder.resolve("g.yml").toString());
    assertThat(loaded.client().userName().file()).isEqualTo(folder.resolve("u").toString());
    assertThat(loaded.client().tls().key().file()).isEqualTo("/key.pem");

    // What is secret is not told.
    String secret =
        "alerting: {alertmanagers: [{basic_auth: {username: one, password: two}}, {authorization:"
            + " {credentials: three}}]}";
    assertThat(ServerConfig.parse("c", secret).yaml())
        .contains("password: <secret>", "credentials: <secret>")
        .doesNotContain("two", "three");
    assertThat(ServerConfig.parse("c", secret).toString()).doesNotContain("two", "three");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{api_version: v1} | api_version: v1 is spoken by no Alertmanager since 0.27",
        "{api_version: v3} | api_version: \"v3\" is not v2",
        "{scheme: ftp} | scheme: \"ftp\" is not http or https",
        "{path_prefix: 'a?b'} | path_prefix: \"a?b\" is not a path",
        "{static_configs: [{targets: ['http://a:1']}]} | targets: \"http://a:1\" is not HOST:PORT",
        "{static_configs: [{targets: ['']}]} | targets: \"\" is not HOST:PORT",
        "{static_configs: [{target: [a]}]} | unknown setting alerting.alertmanagers[0].static_con",
        "{static_configs: [{labels: [a]}]} | labels: takes keys with values",
        "{file_sd_configs: [{files: []}]} | files: names no file",
        "{file_sd_configs: [{files: [a.txt]}]} | \"a.txt\" ends with none of .json, .yml and .yaml",
        "{file_sd_configs: [{files: ['a*/b.yml']}]} | only the last part of a path",
        "{basic_auth: {username: a}, bearer_token: b} | only one of basic_auth, authorization",
        "{basic_auth: {password: a}} | basic_auth: needs a username",
        "{basic_auth: {username: a, password: b, password_file: c}} | cannot be set together with",
        "{authorization: {type: basic}} | basic goes by basic_auth",
        "{tls_config: {cert_file: a}} | a certificate (cert, cert_file) and its key (key,"
            + " key_file)",
        "{tls_config: {min_version: TLS13, max_version: TLS12}} | max_version: is less than",
        "{tls_config: {min_version: SSL3}} | \"SSL3\" is not one of TLS10, TLS11, TLS12, TLS13",
        "{sigv4: {}} | unknown setting alerting.alertmanagers[0].sigv4",
        "{relabel_configs: [{action: keeps}]} | alertmanagers[0].relabel_configs[0].action:"
            + " \"keeps",
        "h:9093 | \"h:9093\" is not of the form http://HOST[:PORT][/PATH]",
        "http://h?a=b | has more than a host, a port and a path",
        "[a] | alerting.alertmanagers[0]: is a list",
      })
  void wrongAlertmanagersAreNamed(String entry, String problem) {
    assertThatThrownBy(() -> ServerConfig.parse("c", "alerting:\n  alertmanagers:\n    - " + entry))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("c:3: ")
        .hasMessageContaining(problem);
  }

  @Test
  void groupedAggregatesAreReadAndWritten() {
    ServerConfig config =
        ServerConfig.parse(
            "c.yaml",
            "aggregates:\n  rules:\n"
                + "    - {name: a, resolutions: [1h], match: 'x{y=\"z\"}', functions: [rate, max],"
                + " by: [job, \"zone.name\"], aggregations: [avg, max]}\n"
                + "    - {name: b, resolutions: [5m], match: x, functions: [last], without: []}\n");
    assertThat(ServerConfig.parse("again", config.yaml()).aggregates())
        .isEqualTo(config.aggregates());
    List<AggregateRule> rules = config.aggregates().toEngine();
    assertThat(rules.get(0).grouping())
        .isEqualTo(
            new Grouping(
                false,
                List.of("job", "zone.name"),
                List.of(
                    "count(max_over_time)",
                    "count(rate)",
                    "max(max_over_time)",
                    "max(rate)",
                    "sum(max_over_time)",
                    "sum(rate)")));
    assertThat(rules.get(1).grouping())
        .isEqualTo(new Grouping(true, List.of(), List.of("sum(last_over_time)")));
  }

  @Test
  void aConfigurationIsWrittenWithEveryKey() {
    List<String> shown = new ArrayList<>();
    String yaml = ServerConfig.defaults().yaml();
    flatten("", YamlFile.read("yaml", yaml), shown);
    assertThat(shown).containsExactlyElementsOf(ServerConfig.keys());
    ServerConfig odd =
        ServerConfig.defaults()
            .withDataDir(Path.of("a\"b\\c d"))
            .withExternalLabels(Labels.of("a.b", "x\"y\\z\n", "c", "d"));
    assertThat(ServerConfig.parse("odd", odd.yaml())).isEqualTo(odd);
  }

  @Test
  void anEmptyFileHasTheDefaultsAndTheyAreTheEngines() {
    ServerConfig config = ServerConfig.parse("f", "# nothing\n");
    assertThat(config).isEqualTo(ServerConfig.defaults());
    assertThat(config.listen()).hasToString("127.0.0.1:9201");
    assertThat(config.engine())
        .isEqualTo(
            EngineConfig.defaults(Path.of("data"))
                .withChronicleRegistry(true)
                .withAwaitedAggregates());
    assertThat(config.queryTimeout()).isEqualTo(Duration.ofMinutes(2));
  }

  @Test
  void aSizeOfNothingNeedsNoUnit() {
    for (String nothing : new String[] {"0", "0B", "\"0\""}) {
      ServerConfig config = ServerConfig.parse("f", "query: {result_cache: " + nothing + "}\n");
      assertThat(config.query().cacheBytes()).as(nothing).isZero();
    }
    assertThatThrownBy(() -> ServerConfig.parse("f", "query: {result_cache: 1}\n"))
        .hasMessageContaining("not a size");
  }

  @Test
  void aPrefixIsAPath() {
    for (String text : new String[] {"/", "//"}) {
      assertThat(prefix(text)).as(text).isEmpty();
    }
    assertThat(prefix("varve")).isEqualTo("/varve");
    assertThat(prefix("/a/b.c/")).isEqualTo("/a/b.c");
    for (String wrong : new String[] {"/a?b", "/a b", "/a//b", "/%41", "http://x/a"}) {
      assertThatThrownBy(() -> prefix("'" + wrong + "'"))
          .as(wrong)
          .hasMessageContaining("is no path");
    }
  }

  @Test
  void listsOfAttributesAreChecked() {
    assertThat(
            ServerConfig.parse(
                    "f", "otlp:\n  promote_resource_attributes:\n    - ' a.b '\n    - c\n")
                .otlp()
                .promoted())
        .containsExactly("a.b", "c");
    String[][] wrong = {
      {"promote_resource_attributes: a", "takes a list, such as [a, b]"},
      {"promote_resource_attributes: [[a]]", "takes a list of plain values"},
      {"promote_resource_attributes: ['']", "empty promoted OTel resource attribute"},
      {"promote_resource_attributes: [a, a]", "duplicated promoted OTel resource attribute \"a\""},
      {"promote_resource_attributes: [a], " + ALL, "cannot be set together with"},
      {"ignore_resource_attributes: [a]", "cannot be set unless"},
      {"translation_strategy: Underscore", "\"Underscore\" is not one of"},
    };
    for (String[] line : wrong) {
      assertThatThrownBy(() -> ServerConfig.parse("f", "otlp: {" + line[0] + "}"))
          .hasMessageStartingWith("f:1: otlp." + line[0].substring(0, line[0].indexOf(':')))
          .hasMessageContaining(line[1]);
    }
  }

  @Test
  void rulesOfRetentionAreRead() {
    ServerConfig config =
        ServerConfig.parse(
            "f",
            """
            storage: {retention: 30d}
            retention:
              keep:
                - {match: '{team="x", env!="dev"}', for: 2y}
                - match: debug_total
                  tenant: acme
                  resolution: raw
                  for: 7d
                - {tenant: "@default", resolution: 1h, for: forever}
                - {for: 40d}
              max_bytes: 10GiB
              min_free_disk: 5%
              min_free_disk_keeps: 3d
            """);
    RetentionPolicy policy = Objects.requireNonNull(config.engine().retention());
    assertThat(policy.defaultMillis()).isEqualTo(Duration.ofDays(30).toMillis());
    assertThat(policy.rules())
        .containsExactly(
            new RetentionRule(
                null,
                List.of(Matcher.equal("team", "x"), new Matcher(Matcher.Type.NEQ, "env", "dev")),
                RetentionRule.ANY,
                Duration.ofDays(730).toMillis()),
            new RetentionRule(
                "acme",
                List.of(Matcher.equal("__name__", "debug_total")),
                RetentionRule.RAW,
                Duration.ofDays(7).toMillis()),
            new RetentionRule("", List.of(), 3_600_000, RetentionPolicy.FOREVER),
            new RetentionRule(null, List.of(), RetentionRule.ANY, Duration.ofDays(40).toMillis()));
    assertThat(config.engine().diskLimits())
        .isEqualTo(new DiskLimits(10L << 30, 0, 5, 3 * 86_400_000L));
    assertThat(ServerConfig.parse("again", config.yaml())).isEqualTo(config);
    assertThat(config.differences(ServerConfig.defaults()))
        .containsExactly(
            "storage.retention",
            "retention.keep",
            "retention.max_bytes",
            "retention.min_free_disk",
            "retention.min_free_disk_keeps");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          keep: 5                          | f:1: retention.keep: takes a list of entries, each with settings of its own
          keep: [5]                        | f:1: retention.keep: takes a list of entries, each with settings of its own
          keep: [{match: '{a="b"}'}]       | f:1: retention.keep[0].for: is missing
          keep: [{for: 1d}, {for: 5m}]     | f:1: retention.keep[1].for: 5m is less than 1h (and not the word forever)
          keep: [{match: '{a=', for: 1d}]  | f:1: retention.keep[0].match: "{a=" is not a selector: 1:4: parse error: unexpected end of input inside braces
          keep: [{match: '{a=~"("}', for: 1d}] | f:1: retention.keep[0].match: "{a=~"("}" is not a selector: 1:2: parse error: error parsing regexp: missing closing ): `(`
          keep: [{tenant: a/b, for: 1d}]   | f:1: retention.keep[0].tenant: tenant ID 'a/b' contains unsupported character '/'
          keep: [{resolution: 0, for: 1d}] | f:1: retention.keep[0].resolution: "0" is not raw, any or a duration
          keep: [{fro: 1d}]                | f:1: retention.keep[0].for: is missing
          keep: [{for: 1d, tennant: a}]    | f:1: unknown setting retention.keep[0].tennant; did you mean tenant?
          min_free_disk: 100%              | f:1: retention.min_free_disk: 100% is not between 0% and 99%
          max_bytes: 5                     | f:1: retention.max_bytes: not a size: "5"; write a whole number with B, KiB, MiB, GiB or TiB
          """)
  void wrongRulesOfRetentionAreNamed(String line, String message) {
    assertThatThrownBy(() -> ServerConfig.parse("f", "retention: {" + line + "}"))
        .hasMessage(message);
  }

  @Test
  void deltasAreStoredOrMadeCumulativeNotBoth() {
    assertThat(
            ServerConfig.parse("f", "otlp: {deltatocumulative: true, delta_max_stale: 1h}\n")
                .otlp()
                .deltas())
        .isEqualTo(new OtlpDeltas(OtlpDeltas.Use.CONVERT, 3_600_000, 128 << 20));
    assertThatThrownBy(
            () ->
                ServerConfig.parse(
                    "f", "otlp: {native_delta_ingestion: true, deltatocumulative: true}\n"))
        .hasMessage(
            "f:1: otlp.deltatocumulative: cannot be set together with native_delta_ingestion");
  }

  @Test
  void theExternalUrlHasThePrefixUnlessThatIsSet() {
    ServerConfig.Http http =
        ServerConfig.parse("f", "http: {external_url: 'HTTPS://example.org:8443/a/b/'}\n").http();
    assertThat(http.externalUrl()).isEqualTo("https://example.org:8443/a/b");
    assertThat(http.routePrefix()).isEqualTo("/a/b");
    http =
        ServerConfig.parse("f", "http: {external_url: 'http://[::1]/a', route_prefix: /}\n").http();
    assertThat(http.externalUrl()).isEqualTo("http://[::1]/a");
    assertThat(http.routePrefix()).isEmpty();
    assertThat(ServerConfig.parse("f", "http: {external_url: 'http://h/'}\n").http().routePrefix())
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          example.org          | is not of the form https://HOST[:PORT][/PATH] (or none)
          ftp://example.org    | is not of the form
          http:///a            | is not of the form
          http://h/a b         | is not a URL: Illegal character in path at character 10
          http://h/a?b=c       | has more than a host, a port and a path
          http://u:p@h/        | has more than a host, a port and a path
          http://h/a%20b       | is no path of letters, digits and -._~
          "http://h"           | is not a URL: Illegal character in scheme name
          """)
  void anExternalUrlIsChecked(String url, String problem) {
    assertThatThrownBy(() -> ServerConfig.parse("f", "http:\n  external_url: '" + url + "'\n"))
        .hasMessageStartingWith("f:2: http.external_url: ")
        .hasMessageContaining(problem);
  }

  private static String prefix(String text) {
    return ServerConfig.parse("f", "http: {route_prefix: " + text + "}\n").http().routePrefix();
  }

  @Test
  void settingsReachTheEngine() {
    ServerConfig config =
        ServerConfig.parse(
            "f",
            """
            data_dir: /elsewhere
            storage:
              fsync: always
              retention: 15d
              duplicates: reject
              out_of_order_window: 30m
              max_head_bytes: 512MiB
              registry: heap
            """);
    EngineConfig engine = config.engine();
    assertThat(engine.dataDir()).isEqualTo(Path.of("/elsewhere"));
    assertThat(engine.fsync()).isEqualTo(FsyncPolicy.ALWAYS);
    assertThat(Objects.requireNonNull(engine.retention()).defaultMillis())
        .isEqualTo(Duration.ofDays(15).toMillis());
    assertThat(engine.duplicatePolicy()).isEqualTo(DuplicatePolicy.REJECT);
    assertThat(engine.outOfOrderMillis()).isEqualTo(Duration.ofMinutes(30).toMillis());
    assertThat(engine.maxHeadBytes()).isEqualTo(512L << 20);
    assertThat(engine.registryOnChronicleMap()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          lisen: 1:2                | f:1: unknown setting lisen; did you mean listen?
          data-dir: x               | f:1: unknown setting data-dir; did you mean data_dir?
          zzzzzz: x                 | f:1: unknown setting zzzzzz; known here: aggregates, alerting, backup, cluster, data_dir, external_labels, http, ingest, listen, log_level, otlp, query, remote_read, retention, rules, storage
          query: {time_out: 1m}     | f:1: unknown setting query.time_out; did you mean timeout?
          query: 5                  | f:1: query: is a section with settings of its own, not a value
          otlp: {enabled: [1]}      | f:1: otlp.enabled: takes one value
          query: [1]                | f:1: query: is a section with settings of its own, not a list
          listen: 9201              | f:1: listen: "9201" is not HOST:PORT
          listen: a:b               | f:1: listen: "a:b" has no port number at its end
          listen: ::1:80            | f:1: listen: "::1:80" is not HOST:PORT; an IPv6 address stands in brackets: [::1]:9201
          listen: a:70000           | f:1: listen: port 70000 is not between 0 and 65535
          query: {timeout: 5}       | f:1: query.timeout: not a valid duration string: "5"
          query: {timeout: 1m1h}    | f:1: query.timeout: not a valid duration string: "1m1h"
          query: {max_bytes: 1GB}   | f:1: query.max_bytes: not a size: "1GB"; write a whole number with B, KiB, MiB, GiB or TiB
          query: {max_bytes: 1B}    | f:1: query.max_bytes: 1B is not between 1MiB and 1TiB
          query: {threads: -1}      | f:1: query.threads: -1 is not between 0 and 1024
          query: {threads: many}    | f:1: query.threads: "many" is not a whole number
          query: {threads: }        | f:1: query.threads: has no value; leave the line out to get the default
          storage: {fsync: never}   | f:1: storage.fsync: "never" is not one of always, interval, os
          storage: {retention: 1s}  | f:1: storage.retention: 1s is less than 1h (and not the word forever)
          query: {stored_aggregates: yes} | f:1: query.stored_aggregates: "yes" is not true or false
          external_labels: x        | f:1: external_labels: "x" is not of the form {name="value", other="value"}
          external_labels: '{a=~"b"}' | f:1: external_labels: "{a=~"b"}" is not of the form {name="value", other="value"}
          - a                       | f:1: expected settings of the form key: value
          """)
  void whatIsNotUnderstoodIsAnErrorThatNamesThePlace(String text, String message) {
    assertThatThrownBy(() -> ServerConfig.parse("f", text))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }

  @Test
  void linesAreCounted() {
    assertThatThrownBy(() -> ServerConfig.parse("f", "# x\nquery:\n  lookback: 1m\n  nope: 1\n"))
        .hasMessageStartingWith("f:4: unknown setting query.nope");
    assertThatThrownBy(() -> ServerConfig.parse("f", "listen: a:1\nlog_level: info\nlisten: b:1\n"))
        .hasMessageContaining("f:3: ")
        .hasMessageContaining("listen");
    assertThatThrownBy(() -> ServerConfig.parse("f", "query:\n  lookback: 1m\n bad\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("f:");
  }

  @Test
  void aMissingFileIsNamed(@TempDir Path folder) {
    assertThatThrownBy(() -> ServerConfig.load(folder.resolve("no.yaml")))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("no.yaml: no such file");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0s",
    "15d, 1296000000, 15d",
    "1h30m, 5400000, 1h30m",
    "200ms, 200, 200ms",
    "1y2w3d4h5m6s7ms, 33019506007, 382d4h5m6s7ms",
    "365d, 31536000000, 1y",
    "14d, 1209600000, 2w",
    "90s, 90000, 1m30s",
  })
  void durationsAreReadAndPrinted(String text, long millis, String printed) {
    assertThat(Durations.parseMillis(text)).isEqualTo(millis);
    assertThat(Durations.print(millis)).isEqualTo(printed);
    assertThat(Durations.parseMillis(printed)).isEqualTo(millis);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "5",
        "1",
        "h",
        "1h1h",
        "1m1h",
        "-1s",
        "1.5h",
        "1 h",
        "300y",
        "99999999999999999999s",
        "1H"
      })
  void otherDurationsAreRefused(String text) {
    assertThatThrownBy(() -> Durations.parseMillis(text))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void flatten(String prefix, YamlNode.Mapping mapping, List<String> into) {
    mapping
        .entries()
        .forEach(
            (key, entry) -> {
              if (entry.value() instanceof YamlNode.Mapping inner) {
                flatten(prefix + key + ".", inner, into);
              } else {
                into.add(prefix + key);
              }
            });
  }

  /** A line with another valid value, null if it sets nothing. */
  private static @Nullable String other(String line) {
    int colon = line.indexOf(": ");
    if (line.stripLeading().startsWith("#") || colon < 0) {
      return null;
    }
    String value = line.substring(colon + 2);
    if (line.strip().equals("keep: []")) {
      return line.replace(
          "[]", "[{match: '{a=\"b\"}', tenant: \"@default\", resolution: 5m, for: 90d}]");
    }
    if (line.contains("alert_relabel_configs: []")) {
      return line.replace("[]", "[{regex: 'a|\"', separator: '', action: labelmap}]");
    }
    if (line.contains("alertmanagers: []")) {
      return line.replace("[]", "[https://a.example:9093/am]");
    }
    if (line.contains("  rules: ")) {
      return line.replace(
          "[]", "[{name: a, match: 'x{b=\"c\"}', resolutions: [5m, 1h], functions: [avg]}]");
    }
    if (line.contains("  peers: ")) {
      return line.replace("[]", PEERS);
    }
    String replaced =
        switch (value) {
          case "sync" -> "async";
          case "bounded" -> "strong";
          case "answer" -> "refuse";
          case "varve" -> "other";
          case "interval" -> "always";
          case "auto" -> "host";
          case "never" -> "1h";
          case "info" -> "debug";
          case "last" -> "max";
          case "chronicle" -> "heap";
          case "true" -> "false";
          case "false" -> "true";
          case "\".*\"" -> "https://a";
          case "\"/\"" -> "/varve";
          case "\"{}\"" -> "'{a=\"b\"}'";
          case "forever" -> "40d";
          case "none" -> line.contains(" node: ") ? "a" : "https://example.org";
          case "data" -> "elsewhere";
          case "127.0.0.1:9201" -> "\"[::1]:80\"";
          case "[]" -> "[a, \"b.c\"]";
          case "UnderscoreEscapingWithSuffixes" -> "NoTranslation";
          case "0s" -> "7s";
          case "65535" -> "65534";
          case "2h" -> "1h";
          case "5s" -> "7s";
          case "1d" -> "2d";
          default ->
              value.replaceFirst(
                  "^\\d+", String.valueOf(Integer.parseInt(value.replaceAll("\\D", "")) + 1));
        };
    return line.substring(0, colon + 2) + replaced;
  }

  private static Path documented() {
    return RepositoryFiles.find("docs/varve.yaml");
  }
}
