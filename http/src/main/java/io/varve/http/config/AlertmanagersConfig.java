package io.varve.http.config;

import io.varve.http.relabel.RelabelStep;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Alertmanagers that are reached in the same way: an entry of {@code alerting.alertmanagers}.
 *
 * @param scheme http or https
 * @param pathPrefix of their paths, {@code /} or such as {@code /alerts}
 * @param timeoutMillis of a request
 * @param client how requests are made
 * @param targets those that the configuration names itself
 * @param files of others
 * @param relabel what becomes of the targets, which may be dropped
 * @param alertRelabel what becomes of alerts for these alone
 */
public record AlertmanagersConfig(
    String scheme,
    String pathPrefix,
    long timeoutMillis,
    ClientConfig client,
    List<Targets> targets,
    List<Files> files,
    List<RelabelStep> relabel,
    List<RelabelStep> alertRelabel) {
  private static final String SCHEME = "scheme";
  private static final String PATH_PREFIX = "path_prefix";
  private static final String TIMEOUT = "timeout";
  private static final String STATIC = "static_configs";
  private static final String FILES = "file_sd_configs";
  private static final long DEFAULT_TIMEOUT = 10_000;
  private static final long DEFAULT_REFRESH = 300_000;

  /**
   * Addresses, HOST:PORT each.
   *
   * @param labels that all of them get for the relabelling
   */
  public record Targets(List<String> addresses, SortedMap<String, String> labels) {
    /** Keeps its own copies. */
    public Targets {
      addresses = List.copyOf(addresses);
      labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    }
  }

  /**
   * Files with targets, in JSON or YAML.
   *
   * @param patterns paths; in the last part, {@code *} stands for any text
   * @param refreshMillis how long a change of a file may go unnoticed
   */
  public record Files(List<String> patterns, long refreshMillis) {}

  static AlertmanagersConfig read(Settings in) {
    in.value("api_version", "v2", AlertmanagersConfig::version);
    AlertmanagersConfig config =
        new AlertmanagersConfig(
            in.value(SCHEME, "http", AlertmanagersConfig::scheme),
            in.value(PATH_PREFIX, "/", AlertmanagersConfig::path),
            in.millis(TIMEOUT, DEFAULT_TIMEOUT, 1, 600_000),
            ClientConfig.read(in),
            targets(in),
            files(in),
            RelabelConfig.read(in, "relabel_configs"),
            RelabelConfig.read(in, "alert_relabel_configs"));
    in.done();
    return config;
  }

  /** Of the one Alertmanager at a URL. */
  static AlertmanagersConfig of(String text) {
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a URL: " + e.getReason() + " at character " + e.getIndex(), e);
    }
    boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
    if (!web || url.getHost() == null) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not of the form http://HOST[:PORT][/PATH]");
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null || url.getUserInfo() != null) {
      throw new IllegalArgumentException(
          "\"" + text + "\" has more than a host, a port and a path");
    }
    return new AlertmanagersConfig(
        url.getScheme(),
        path(url.getRawPath()),
        DEFAULT_TIMEOUT,
        ClientConfig.DEFAULT,
        List.of(new Targets(List.of(url.getRawAuthority()), new TreeMap<>())),
        List.of(),
        List.of(),
        List.of());
  }

  private static String version(String text) {
    return switch (text) {
      case "v2" -> text;
      case "v1" ->
          throw new IllegalArgumentException(
              "v1 is spoken by no Alertmanager since 0.27, and every one since 0.16 speaks v2");
      default -> throw new IllegalArgumentException("\"" + text + "\" is not v2");
    };
  }

  private static String scheme(String text) {
    if (!text.equals("http") && !text.equals("https")) {
      throw new IllegalArgumentException("\"" + text + "\" is not http or https");
    }
    return text;
  }

  /** With a slash before it and none behind it. */
  private static String path(String text) {
    String path = "/" + text.replaceAll("^/+|/+$", "");
    if (URI.create("http://h" + path.replace(" ", "%20")).getRawQuery() != null) {
      throw new IllegalArgumentException("\"" + text + "\" is not a path");
    }
    return path;
  }

  private static List<Targets> targets(Settings in) {
    List<Targets> all = new ArrayList<>();
    for (Settings entry : in.sections(STATIC)) {
      all.add(
          new Targets(
              entry.texts(
                  "targets", addresses -> addresses.forEach(AlertmanagersConfig::checkAddress)),
              entry.map("labels")));
      entry.done();
    }
    return List.copyOf(all);
  }

  /**
   * Checks that an address is HOST or HOST:PORT.
   *
   * @throws IllegalArgumentException if it is not
   */
  public static void checkAddress(String address) {
    if (address.isEmpty() || address.contains("/")) {
      throw new IllegalArgumentException(
          "\""
              + address
              + "\" is not HOST:PORT (scheme and path have settings of their own: scheme,"
              + " path_prefix)");
    }
  }

  private static List<Files> files(Settings in) {
    List<Files> all = new ArrayList<>();
    for (Settings entry : in.sections(FILES)) {
      List<String> patterns = entry.texts("files", AlertmanagersConfig::checkPatterns);
      if (patterns.isEmpty()) {
        throw entry.wrong("files", "names no file");
      }
      all.add(
          new Files(
              patterns, entry.millis("refresh_interval", DEFAULT_REFRESH, 1, 365 * 86_400_000L)));
      entry.done();
    }
    return List.copyOf(all);
  }

  private static void checkPatterns(List<String> patterns) {
    for (String pattern : patterns) {
      String name = pattern.toLowerCase(Locale.ROOT);
      if (!name.endsWith(".json") && !name.endsWith(".yml") && !name.endsWith(".yaml")) {
        throw new IllegalArgumentException(
            "\"" + pattern + "\" ends with none of .json, .yml and .yaml");
      }
      Path folder = Path.of(pattern).getParent();
      if (folder != null && folder.toString().contains("*")) {
        throw new IllegalArgumentException(
            "\"" + pattern + "\": only the last part of a path may have wildcards");
      }
    }
  }

  /** The same with relative paths seen from a folder. */
  AlertmanagersConfig from(Path folder) {
    List<Files> resolved =
        files.stream()
            .map(
                one ->
                    new Files(
                        one.patterns.stream().map(file -> folder.resolve(file).toString()).toList(),
                        one.refreshMillis))
            .toList();
    return new AlertmanagersConfig(
        scheme,
        pathPrefix,
        timeoutMillis,
        client.from(folder),
        targets,
        resolved,
        relabel,
        alertRelabel);
  }

  /** As the file has it, on one line. */
  String text() {
    FlowText text = new FlowText();
    text.text(SCHEME, scheme, "http").text(PATH_PREFIX, pathPrefix, "/");
    if (timeoutMillis != DEFAULT_TIMEOUT) {
      text.put(TIMEOUT, Durations.print(timeoutMillis));
    }
    client.write(text);
    return text.put(
            STATIC,
            FlowText.list(
                targets.stream()
                    .map(
                        one ->
                            new FlowText()
                                .put("targets", FlowText.texts(one.addresses))
                                .put("labels", FlowText.map(one.labels))
                                .toString())
                    .toList()))
        .put(
            FILES,
            FlowText.list(
                files.stream()
                    .map(
                        one ->
                            new FlowText()
                                .put("files", FlowText.texts(one.patterns))
                                .put("refresh_interval", Durations.print(one.refreshMillis))
                                .toString())
                    .toList()))
        .put("relabel_configs", RelabelConfig.text(relabel))
        .put("alert_relabel_configs", RelabelConfig.text(alertRelabel))
        .toString();
  }
}
