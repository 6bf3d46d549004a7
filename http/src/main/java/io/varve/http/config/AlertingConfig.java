package io.varve.http.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Who is told of alerts, and how.
 *
 * @param alertmanagers their URLs; each is told of every alert
 * @param dropLabels labels that alerts lose, external ones included: those in which replicas differ
 * @param timeoutMillis of a request
 * @param queueCapacity alerts that wait for one alertmanager; beyond it the oldest are given up
 * @param userName for basic authentication; "" for none
 * @param passwordFile holds the password; "" if there is none
 * @param bearerTokenFile holds a token that is sent instead; "" for none
 * @param caFile certificates (PEM) that alertmanagers are checked against; "" for those of the Java
 *     runtime
 */
public record AlertingConfig(
    List<String> alertmanagers,
    List<String> dropLabels,
    long timeoutMillis,
    int queueCapacity,
    String userName,
    String passwordFile,
    String bearerTokenFile,
    String caFile) {
  private static final String ALERTMANAGERS = "alertmanagers";
  private static final String USER_NAME = "username";
  private static final String PASSWORD = "password_file";
  private static final String TOKEN = "bearer_token_file";
  private static final String NONE = "none";

  static AlertingConfig read(Settings in) {
    AlertingConfig config =
        new AlertingConfig(
            in.texts(ALERTMANAGERS, AlertingConfig::checkUrls),
            in.texts("drop_labels", labels -> {}),
            in.millis("timeout", 10_000, 1, 600_000),
            in.integer("queue_capacity", 10_000, 1, 10_000_000),
            in.value(USER_NAME, "", AlertingConfig::optional),
            in.value(PASSWORD, "", AlertingConfig::optional),
            in.value(TOKEN, "", AlertingConfig::optional),
            in.value("ca_file", "", AlertingConfig::optional));
    if (!config.bearerTokenFile.isEmpty() && !config.userName.isEmpty()) {
      throw in.wrong(TOKEN, "cannot be set together with " + USER_NAME);
    }
    if (config.userName.isEmpty() != config.passwordFile.isEmpty()) {
      throw in.wrong(
          config.userName.isEmpty() ? PASSWORD : USER_NAME,
          "needs " + (config.userName.isEmpty() ? USER_NAME : PASSWORD) + " beside it");
    }
    in.done();
    return config;
  }

  private static String optional(String text) {
    return text.equals(NONE) ? "" : text;
  }

  private static void checkUrls(List<String> urls) {
    Set<String> seen = new HashSet<>();
    for (String text : urls) {
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
      if (!seen.add(text)) {
        throw new IllegalArgumentException("\"" + text + "\" is there twice");
      }
    }
  }

  /** The same with relative paths seen from a folder. */
  AlertingConfig from(Path folder) {
    return new AlertingConfig(
        alertmanagers,
        dropLabels,
        timeoutMillis,
        queueCapacity,
        userName,
        resolved(folder, passwordFile),
        resolved(folder, bearerTokenFile),
        resolved(folder, caFile));
  }

  private static String resolved(Path folder, String file) {
    return file.isEmpty() ? "" : folder.resolve(file).toString();
  }

  void write(ConfigText text) {
    text.section("alerting");
    text.texts(ALERTMANAGERS, alertmanagers);
    text.texts("drop_labels", dropLabels);
    text.millis("timeout", timeoutMillis);
    text.number("queue_capacity", queueCapacity);
    text.quoted(USER_NAME, userName.isEmpty() ? NONE : userName);
    text.quoted(PASSWORD, passwordFile.isEmpty() ? NONE : passwordFile);
    text.quoted(TOKEN, bearerTokenFile.isEmpty() ? NONE : bearerTokenFile);
    text.quoted("ca_file", caFile.isEmpty() ? NONE : caFile);
  }
}
