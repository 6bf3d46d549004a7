package io.varve.http.config;

import io.varve.engine.LogHold;
import io.varve.retention.backup.KeepRules;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * Where backups go, how often they are made, and which are kept.
 *
 * @param store a folder, or {@code s3://BUCKET[/PREFIX]}; "" for nowhere
 * @param endpoint URL of an object store that is not Amazon's; ""
 * @param region of the object store; "" for what the environment says
 * @param addressing where in URLs the bucket stands
 * @param accessKey id of the key to the object store; "" for what the environment says
 * @param secretKeyFile holds the key itself; ""
 * @param timeoutMillis of the object store, between two bytes
 * @param encryptionKeyFile holds 32 bytes as hex digits or Base64; "" if backups are not encrypted
 * @param encryptionKeyEnv name of an environment variable that holds them in place of that; ""
 * @param everyMillis between two backups that the server makes by itself; 0 for never
 * @param keep which of them stay
 * @param archiveMillis how often the log is archived beside them; 0 for never
 * @param hold how much log waits for that at most
 */
public record BackupConfig(
    String store,
    String endpoint,
    String region,
    Addressing addressing,
    String accessKey,
    String secretKeyFile,
    long timeoutMillis,
    String encryptionKeyFile,
    String encryptionKeyEnv,
    long everyMillis,
    KeepRules keep,
    long archiveMillis,
    LogHold hold) {
  /** How places in an object store begin. */
  public static final String S3 = "s3://";

  private static final String NEVER = "never";
  private static final String NONE = "none";
  private static final long SECOND = 1_000;
  private static final long MINUTE = 60 * SECOND;
  private static final int MOST_KEPT = 1_000_000;

  /** Where in URLs the bucket stands. */
  public enum Addressing {
    /** In the path if there is an endpoint, else in the host name. */
    AUTO,
    /** In the path. */
    PATH,
    /** In the host name. */
    HOST
  }

  static BackupConfig read(Settings in) {
    BackupConfig config =
        new BackupConfig(
            optional(in, "store", BackupConfig::checkedStore),
            optional(in, "endpoint", BackupConfig::checkedEndpoint),
            optional(in, "region", text -> text),
            in.choice("addressing", Addressing.AUTO),
            optional(in, "access_key", text -> text),
            optional(in, "secret_key_file", text -> Path.of(text).toString()),
            in.millis("timeout", 30 * SECOND, SECOND, 60 * MINUTE),
            optional(in, "encryption_key_file", text -> Path.of(text).toString()),
            optional(in, "encryption_key_env", text -> text),
            in.millisOr("every", NEVER, 0, MINUTE),
            new KeepRules(
                in.integer("keep_last", 0, 0, MOST_KEPT),
                in.integer("keep_daily", 0, 0, MOST_KEPT)),
            in.millisOr("archive", NEVER, 0, SECOND),
            new LogHold(
                in.bytes("archive_max_log", 1L << 30, 1L << 20, 1L << 50),
                in.millis("archive_max_lag", 12 * 60 * MINUTE, MINUTE, 400L * 24 * 60 * MINUTE)));
    in.done();
    if (config.accessKey.isEmpty() != config.secretKeyFile.isEmpty()) {
      throw in.wrong("access_key and secret_key_file belong together");
    }
    if (!config.encryptionKeyFile.isEmpty() && !config.encryptionKeyEnv.isEmpty()) {
      throw in.wrong("encryption_key_file and encryption_key_env: one key is enough");
    }
    if (config.store.isEmpty() && config.everyMillis > 0) {
      throw in.wrong("every needs a store");
    }
    if (config.store.isEmpty() && config.archiveMillis > 0) {
      throw in.wrong("archive needs a store");
    }
    if (config.archiveMillis > MINUTE) {
      throw in.wrong("archive is at most 1m");
    }
    return config;
  }

  private static String optional(Settings in, String key, UnaryOperator<String> check) {
    return in.value(key, "", text -> text.equals(NONE) ? "" : check.apply(text));
  }

  /**
   * Refuses what is no place for backups.
   *
   * @throws IllegalArgumentException saying why
   */
  public static String checkedStore(String text) {
    if (!text.startsWith(S3)) {
      if (text.matches("[A-Za-z][A-Za-z0-9+.-]+:/.*")) {
        throw new IllegalArgumentException(
            "\""
                + text
                + "\" is neither a folder nor s3://BUCKET/PREFIX, which are the places known");
      }
      return Path.of(text).toString();
    }
    if (!text.matches("s3://[a-z0-9][a-z0-9.-]{1,62}(/[A-Za-z0-9._=-]+)*/?")) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not s3://BUCKET or s3://BUCKET/PREFIX");
    }
    return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
  }

  /**
   * Refuses what is no URL of an object store.
   *
   * @throws IllegalArgumentException saying why
   */
  public static String checkedEndpoint(String text) {
    try {
      URI url = new URI(text);
      if (url.getHost() != null
          && ("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
        return text;
      }
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("\"" + text + "\" is not a URL: " + e.getReason(), e);
    }
    throw new IllegalArgumentException("\"" + text + "\" is not of the form https://HOST[:PORT]");
  }

  /** True if backups have a place. */
  public boolean isSet() {
    return !store.isEmpty();
  }

  /** True if the bucket is to stand in the path. */
  public boolean isPathStyle() {
    return switch (addressing) {
      case AUTO -> !endpoint.isEmpty();
      case PATH -> true;
      case HOST -> false;
    };
  }

  /** The same with relative names of files with keys seen from a folder. */
  BackupConfig from(Path folder) {
    return new BackupConfig(
        store,
        endpoint,
        region,
        addressing,
        accessKey,
        secretKeyFile.isEmpty() ? "" : folder.resolve(secretKeyFile).toString(),
        timeoutMillis,
        encryptionKeyFile.isEmpty() ? "" : folder.resolve(encryptionKeyFile).toString(),
        encryptionKeyEnv,
        everyMillis,
        keep,
        archiveMillis,
        hold);
  }

  /** What an engine holds of its log from the start on. */
  public LogHold engineHold() {
    return archiveMillis > 0 ? hold : LogHold.NONE;
  }

  /** True if both name the same place, and the same way to it. */
  public boolean isSamePlace(BackupConfig other) {
    return place().equals(other.place());
  }

  private BackupConfig place() {
    return new BackupConfig(
        store,
        endpoint,
        region,
        addressing,
        accessKey,
        secretKeyFile,
        timeoutMillis,
        encryptionKeyFile,
        encryptionKeyEnv,
        0,
        KeepRules.ALL,
        0,
        LogHold.NONE);
  }

  void write(ConfigText text) {
    text.section("backup");
    optional(text, "store", store);
    optional(text, "endpoint", endpoint);
    optional(text, "region", region);
    text.line("addressing", addressing.name().toLowerCase(Locale.ROOT));
    optional(text, "access_key", accessKey);
    optional(text, "secret_key_file", secretKeyFile);
    text.millis("timeout", timeoutMillis);
    optional(text, "encryption_key_file", encryptionKeyFile);
    optional(text, "encryption_key_env", encryptionKeyEnv);
    text.line("every", everyMillis == 0 ? NEVER : Durations.print(everyMillis));
    text.number("keep_last", keep.last());
    text.number("keep_daily", keep.daily());
    text.line("archive", archiveMillis == 0 ? NEVER : Durations.print(archiveMillis));
    text.bytes("archive_max_log", hold.mostBytes());
    text.millis("archive_max_lag", hold.mostMillis());
  }

  private static void optional(ConfigText text, String key, String value) {
    if (value.isEmpty()) {
      text.line(key, NONE);
    } else {
      text.quoted(key, value);
    }
  }
}
