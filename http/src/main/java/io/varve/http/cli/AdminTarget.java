package io.varve.http.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.Engine;
import io.varve.http.AggregatesReload;
import io.varve.http.config.ServerConfig;
import io.varve.ingest.InvalidTenantException;
import io.varve.ingest.Tenants;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say whose data a command changes: a running server's, or a folder's. */
final class AdminTarget {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DEFAULT_URL = "http://127.0.0.1:9201";

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Where the server is, " + DEFAULT_URL + " by default; needs http.admin_api.")
  private @Nullable String url;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "In place of a server: a data folder that no server has open.")
  private @Nullable Path dataDir;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration of the server that the data folder belongs to.")
  private @Nullable Path config;

  @Option(names = "--tenant", paramLabel = "NAME", description = "Whose series.")
  private String tenant = "";

  /** For picocli. */
  AdminTarget() {}

  /** A server; null for the usual place. */
  AdminTarget(@Nullable String url) {
    this.url = url;
    spec = CommandSpec.create();
  }

  /** True if it is a folder. */
  boolean isFolder() {
    if (url != null && dataDir != null) {
      throw new ParameterException(spec.commandLine(), "give --url or --data-dir, not both");
    }
    return dataDir != null;
  }

  String tenant() {
    try {
      return Tenants.parse(tenant.isEmpty() ? null : tenant);
    } catch (InvalidTenantException e) {
      throw new ParameterException(spec.commandLine(), "--tenant: " + e.getMessage(), e);
    }
  }

  /** Opens the folder's store; the caller closes it. */
  Engine open() throws IOException {
    Path folder = Folders.withStore(dataDir);
    ServerConfig settings = config == null ? ServerConfig.defaults() : ServerConfig.load(config);
    // Nothing is decided here but what was asked for: the server goes on with the rest.
    Engine engine =
        Engine.open(
            settings
                .withDataDir(folder)
                .engine()
                .withStoredRetention()
                .withBackgroundThreads(false)
                .withChronicleRegistry(false));
    if (config != null) {
      AggregatesReload.tell(engine, settings.aggregates());
    }
    return engine;
  }

  /** Asks the server by GET. */
  JsonNode get(String path) throws IOException {
    return ask(request(path).GET());
  }

  /** Asks the server by POST of a form; several values of a name stand behind each other. */
  JsonNode post(String path, Map<String, String> form) throws IOException {
    String body =
        form.entrySet().stream()
            .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    return ask(
        request(path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  /** Asks the server by DELETE of what has a name below a path. */
  JsonNode delete(String path, String name) throws IOException {
    String escaped = URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    return ask(request(path + "/" + escaped).DELETE());
  }

  /** Asks the server by POST of text. */
  JsonNode post(String path, String text) throws IOException {
    return ask(
        request(path)
            .header("Content-Type", "text/plain; charset=utf-8")
            .POST(HttpRequest.BodyPublishers.ofString(text)));
  }

  private HttpRequest.Builder request(String path) {
    String base = url == null ? DEFAULT_URL : url;
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(base.replaceAll("/+$", "") + path));
      if (!tenant.isEmpty()) {
        request.header(Tenants.HEADER, tenant);
      }
      return request;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--url: " + e.getMessage(), e);
    }
  }

  /** What is to be done about an answer that Prometheus would have given alike. */
  private static String hint(HttpRequest request, HttpResponse<byte[]> response) {
    String text = new String(response.body(), StandardCharsets.UTF_8);
    if (text.contains("admin APIs disabled")) {
      return ": the server needs http.admin_api: true in its configuration";
    }
    return response.statusCode() == 404 && request.uri().getPath().contains("/cluster/")
        ? ": the server is not part of a cluster"
        : "";
  }

  /** The data of the answer. */
  private JsonNode ask(HttpRequest.Builder request) throws IOException {
    HttpRequest built = request.build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<byte[]> response = client.send(built, HttpResponse.BodyHandlers.ofByteArray());
      if (response.statusCode() == 204) {
        return JSON.createObjectNode();
      }
      JsonNode answer = JSON.readTree(response.body());
      if (answer == null || !answer.path("status").asText().equals("success")) {
        throw new IOException(
            answer == null || !answer.has("error")
                ? built.uri() + " answers " + response.statusCode() + hint(built, response)
                : answer.path("error").asText() + hint(built, response));
      }
      return answer.path("data");
    } catch (JsonProcessingException e) {
      throw new IOException(built.uri() + " does not answer as this API does", e);
    } catch (ConnectException e) {
      throw new IOException("nothing answers at " + built.uri(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
