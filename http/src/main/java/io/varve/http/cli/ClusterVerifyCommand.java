package io.varve.http.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.config.ClusterConfig;
import io.varve.http.config.ServerConfig;
import io.varve.http.notify.Tls;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.PeerBook;
import io.varve.ingest.cluster.Unreached;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code varve cluster verify}: proves the files of all nodes, and compares them. */
@Command(
    name = "verify",
    description = {
      "Lets every node of a cluster read all of its files, prove them, and compare them with those"
          + " of the others.",
      "Names each problem with its node, and exits with 1 if there is any."
    },
    mixinStandardHelpOptions = true)
final class ClusterVerifyCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHARD = 0;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      required = true,
      description = "The configuration of any node.")
  private @Nullable Path config;

  @Option(
      names = "--repair",
      description = "Damaged files come anew from another node; else they are only named.")
  private boolean repair;

  @Override
  public Integer call() throws IOException {
    Path file = config;
    if (file == null) {
      throw new ParameterException(spec.commandLine(), "--config is missing");
    }
    ClusterConfig cluster = ServerConfig.load(file).cluster();
    if (!cluster.isSet()) {
      throw new ParameterException(spec.commandLine(), file + " has no cluster section");
    }
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5));
    if (cluster.tls().isSet()) {
      builder.sslContext(Tls.ofCluster(cluster.tls())).sslParameters(Tls.ofCluster());
    }
    String scheme = cluster.tls().isSet() ? "https" : "http";
    int problems = 0;
    try (HttpClient http = builder.build()) {
      for (Peer peer : nodes(http, scheme, cluster)) {
        problems += verify(http, peer, scheme, cluster.token());
      }
    }
    return problems == 0 ? 0 : Failures.FAILED;
  }

  /** Those that there are by now, as any of those that are configured tells. */
  private static List<Peer> nodes(HttpClient http, String scheme, ClusterConfig cluster) {
    PeerBook book = PeerBook.of(cluster.node(), cluster.peers());
    for (Peer peer : cluster.peers()) {
      URI at = URI.create(scheme + "://" + peer.http() + "/api/v1/cluster/status");
      try {
        HttpResponse<String> answer =
            http.send(
                HttpRequest.newBuilder(at).timeout(Duration.ofSeconds(5)).build(),
                HttpResponse.BodyHandlers.ofString());
        List<Peer> told = new ArrayList<>();
        for (JsonNode node : JSON.readTree(answer.body()).path("data").path("nodes")) {
          told.add(
              new Peer(
                  node.path("id").asText(),
                  node.path("http").asText(),
                  node.path("raft").asText()));
        }
        if (answer.statusCode() == 200 && !told.isEmpty()) {
          book.replace(told);
          return book.all();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      } catch (IOException e) {
        System.getLogger(ClusterVerifyCommand.class.getName())
            .log(System.Logger.Level.DEBUG, "a node does not tell who else there is", e);
      }
    }
    return book.all();
  }

  private int verify(HttpClient http, Peer peer, String scheme, String secret) {
    URI at =
        URI.create(
            scheme
                + "://"
                + peer.http()
                + "/api/v1/cluster/shards/"
                + SHARD
                + "/verify?repair="
                + repair);
    HttpRequest request =
        HttpRequest.newBuilder(at)
            .header("Authorization", "Bearer " + secret)
            .POST(HttpRequest.BodyPublishers.noBody())
            .build();
    try {
      return told(peer, http.send(request, HttpResponse.BodyHandlers.ofInputStream()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return problem(peer, "interrupted");
    } catch (InterruptedIOException e) {
      return problem(peer, "interrupted");
    } catch (IOException e) {
      return problem(peer, "cannot be asked: " + Unreached.text(e));
    }
  }

  private static int problem(Peer peer, String text) {
    System.out.println(peer.id() + ": PROBLEM " + text);
    return 1;
  }

  private static int told(Peer peer, HttpResponse<InputStream> response) throws IOException {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      if (response.statusCode() != 200) {
        return problem(peer, "answers " + response.statusCode() + " " + lines.readLine());
      }
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode told = JSON.readTree(line);
        if (told.has("error")) {
          return problem(peer, told.path("error").asText());
        }
        if (told.has("report")) {
          return report(peer, told.path("report"));
        }
      }
      return problem(peer, "the answer was broken off");
    } catch (JsonProcessingException e) {
      return problem(peer, "answers what is not understood: " + e.getOriginalMessage());
    }
  }

  private static int report(Peer peer, JsonNode report) {
    int problems = report.path("problems").size();
    report.path("problems").forEach(text -> problem(peer, text.asText()));
    System.out.printf(
        Locale.ROOT,
        "%s: %,d files of %,d bytes read, %,d damaged, %,d put right; compared with %d other"
            + " nodes, %,d differences%n",
        peer.id(),
        report.path("files").asLong(),
        report.path("bytes").asLong(),
        report.path("damaged").asLong(),
        report.path("repaired").asLong(),
        report.path("compared").asInt(),
        report.path("differences").asLong());
    return problems;
  }
}
