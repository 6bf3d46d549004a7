package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.cli.CommandResult;
import io.varve.http.cluster.ClusterMeter;
import io.varve.http.metrics.ClusterMetrics;
import io.varve.http.metrics.ServerMetrics;
import io.varve.http.replay.Replay;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ReplicaStatus;
import io.varve.ingest.cluster.ShardStatus;
import io.varve.ingest.ship.ScrubStatus;
import io.varve.ingest.spool.Spool;
import io.varve.query.promql.Expr;
import io.varve.query.promql.Parser;
import io.varve.retention.rules.Rule;
import io.varve.retention.rules.RuleFile;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a cluster tells in figures is documented, and the alerts on it are right. */
final class ClusterMetricsTest {
  private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE (varve_cluster_\\S+) ");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(varve_cluster_[a-z_]+)");

  /** A leader that hears little of one of the others. */
  private record Leader() implements ClusterView {
    @Override
    public String self() {
      return "a";
    }

    @Override
    public void addNode(Peer node) {
      throw new AssertionError("nobody asks for that");
    }

    @Override
    public void removeNode(String id) {
      throw new AssertionError("nobody asks for that");
    }

    @Override
    public long readableSince(int shard) {
      return 0;
    }

    @Override
    public int featureLevel() {
      return 1;
    }

    @Override
    public Set<String> differing() {
      return Set.of("rules");
    }

    @Override
    public List<Peer> peers() {
      return List.of(new Peer("a", "h:1", "h:2"), new Peer("b", "h:3", "h:4"));
    }

    @Override
    public List<ShardStatus> shards() {
      return List.of(
          new ShardStatus(
              0,
              new ReplicaState.Leading(),
              "a",
              7,
              100,
              90,
              80,
              70,
              1_000,
              1_500,
              List.of(
                  new ReplicaStatus("a", 100, 0, 0), new ReplicaStatus("b", 40, 2_500, 7_000))));
    }

    @Override
    public int shardCount() {
      return 1;
    }

    @Override
    public String leader(int shard) {
      return "a";
    }

    @Override
    public boolean leads(int shard) {
      return true;
    }

    @Override
    public boolean isDamaged(int shard) {
      return false;
    }

    @Override
    public boolean canRead(int shard) {
      return true;
    }

    @Override
    public long lagMillis(int shard) {
      return 0;
    }

    @Override
    public LogPosition committed(int shard) {
      return new LogPosition(7, 90);
    }

    @Override
    public LogPosition applied(int shard) {
      return new LogPosition(7, 80);
    }

    @Override
    public CompletableFuture<Void> applied(int shard, LogPosition position) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<LogPosition> readPosition(int shard) {
      return CompletableFuture.completedFuture(committed(shard));
    }

    @Override
    public CompletableFuture<Void> visibleIsCommitted(int shard) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void transfer(int shard, String to) {
      throw new AssertionError("nobody asks for that");
    }
  }

  @TempDir private Path folder;

  private String scrape() throws Exception {
    ServerMetrics metrics = new ServerMetrics("1");
    ClusterMetrics cluster = metrics.cluster();
    Spool spool = Spool.open(folder, 1, 1 << 20);
    spool.put(System.currentTimeMillis(), "/", Map.of(), new byte[100], 0, 100);
    cluster.observe(
        Leader::new, () -> 2, () -> new ScrubStatus(1, 2, 3, 4, 5, 6, 7, 8, null), () -> spool);
    cluster.delivered(ClusterMeter.Delivered.DELAYED);
    cluster.forwarded("b", "read", ClusterMeter.Fate.LOST);
    cluster.turnedAway("write");
    cluster.read("strong", ClusterMeter.Source.LOCAL);
    cluster.leaderChanged(0);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    metrics.write(null, out);
    spool.close();
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void everyFigureIsDocumentedAndToldAsItIs() throws Exception {
    String text = scrape();
    Set<String> told = new TreeSet<>();
    for (Matcher m = TYPE.matcher(text); m.find(); ) {
      told.add(m.group(1));
    }
    assertThat(told).isEqualTo(documented());
    assertThat(text)
        .contains("varve_cluster_nodes 2.0")
        .contains("varve_cluster_leading{shard=\"0\"} 1.0")
        .contains("varve_cluster_lag_seconds{shard=\"0\"} 1.5")
        .contains("varve_cluster_replica_state{shard=\"0\",state=\"leading\"} 1.0")
        .contains("varve_cluster_replica_state{shard=\"0\",state=\"no_quorum\"} 0.0")
        .contains("varve_cluster_replica_behind_records{replica=\"b\",shard=\"0\"} 60.0")
        .contains("varve_cluster_replica_lag_bytes{replica=\"b\",shard=\"0\"} 7000.0")
        .contains("varve_cluster_replica_contact_seconds{replica=\"b\",shard=\"0\"} 2.5")
        .contains("varve_cluster_scrub_differences_total 6.0")
        .contains("varve_cluster_feature_level 1.0")
        .contains("varve_cluster_differing_settings 1.0")
        .contains("varve_cluster_spool_requests 1.0")
        .contains("varve_cluster_spool_bytes 111.0")
        .contains("varve_cluster_spool_deliveries_total{result=\"delayed\"} 1.0")
        .contains(
            "varve_cluster_forwarded_requests_total{kind=\"read\",node=\"b\",result=\"lost\"} 1.0")
        .contains("varve_cluster_reads_total{level=\"strong\",source=\"local\"} 1.0")
        .contains("varve_cluster_reopenings_total{shard=\"0\"} 0.0");
  }

  private static Set<String> documented() throws Exception {
    Set<String> names = new TreeSet<>();
    for (Matcher m = ROW.matcher(Files.readString(RepositoryFiles.find("docs/METRICS.md")));
        m.find(); ) {
      names.add(m.group(1));
    }
    assertThat(names).hasSizeGreaterThan(20);
    return names;
  }

  @Test
  void theAlertsAskForFiguresThatThereAreAndFireWhenTheyShould() throws Exception {
    Path file = RepositoryFiles.find("examples/cluster/alerts.yml");
    CommandResult checked = CommandResult.of("check", "rules", "--lint-fatal", file.toString());
    assertThat(checked.exit()).as(checked.err()).isZero();
    Set<String> asked = new TreeSet<>();
    RuleFile.parse(Files.readString(file), Replay.checker(), false).groups().stream()
        .flatMap(group -> group.rules().stream())
        .map(Rule::expression)
        .forEach(query -> collect(Parser.parse(query), asked));
    assertThat(asked).hasSizeGreaterThan(8).contains("varve_cluster_lag_seconds");
    String all = Files.readString(RepositoryFiles.find("docs/METRICS.md"));
    asked.forEach(name -> assertThat(all).contains("`" + name.replaceAll("_bucket$", "")));
    CommandResult tested =
        CommandResult.of(
            "test", "rules", RepositoryFiles.find("examples/cluster/alerts_test.yml").toString());
    assertThat(tested.exit()).as(tested.out() + tested.err()).isZero();
  }

  private static void collect(Expr expr, Set<String> names) {
    if (expr instanceof Expr.VectorSelector selector) {
      names.add(selector.name());
    }
    expr.children().forEach(child -> collect(child, names));
  }
}
