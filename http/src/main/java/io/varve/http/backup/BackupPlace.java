package io.varve.http.backup;

import io.varve.http.config.BackupConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.Secret;
import io.varve.retention.backup.BackupKey;
import io.varve.retention.backup.Backups;
import io.varve.retention.chunkstore.ChunkStore;
import io.varve.retention.chunkstore.FolderChunkStore;
import io.varve.retention.chunkstore.S3ChunkStore;
import io.varve.retention.chunkstore.S3Settings;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * The place of backups that settings name, open. Classes that talk to object stores are loaded when
 * one is opened, and not before.
 *
 * @param store that is open; whoever has the place closes it
 */
public record BackupPlace(ChunkStore store, Backups backups) implements AutoCloseable {
  /**
   * Opens it; nothing is asked of it yet.
   *
   * @throws ConfigException if there is none, or the key for encryption is none
   * @throws IOException if a file with a key cannot be read
   */
  public static BackupPlace open(BackupConfig config, InstantSource clock) throws IOException {
    if (!config.isSet()) {
      throw new ConfigException("there is no place for backups: set backup.store");
    }
    BackupKey key = key(config);
    ChunkStore store =
        config.store().startsWith(BackupConfig.S3)
            ? s3(config)
            : new FolderChunkStore(Path.of(config.store()));
    return new BackupPlace(store, new Backups(store, key, clock));
  }

  /**
   * Looks at what settings name beside the place: files with keys.
   *
   * @throws ConfigException if one cannot be read, or is no key
   */
  public static void check(BackupConfig config) {
    if (!config.isSet()) {
      return;
    }
    try {
      var _ = key(config);
      if (!config.secretKeyFile().isEmpty()) {
        var _ = secret(config.secretKeyFile());
      }
    } catch (IOException e) {
      throw new ConfigException("backup: a file with a key: " + e.getMessage());
    }
  }

  /**
   * Makes sure that this is a place of backups.
   *
   * @throws NoSuchFileException if not: perhaps another place is meant
   */
  public void requireBackups() throws IOException {
    if (!backups.isBegun()) {
      throw new NoSuchFileException("backup in " + store.place());
    }
  }

  private static ChunkStore s3(BackupConfig config) throws IOException {
    String place = config.store().substring(BackupConfig.S3.length());
    int slash = place.indexOf('/');
    return new S3ChunkStore(
        new S3Settings(
            slash < 0 ? place : place.substring(0, slash),
            slash < 0 ? "" : place.substring(slash + 1),
            config.endpoint().isEmpty() ? null : config.endpoint(),
            config.region(),
            config.isPathStyle(),
            config.accessKey(),
            secret(config.secretKeyFile()),
            Duration.ofMillis(config.timeoutMillis())));
  }

  private static String secret(String file) throws IOException {
    return new Secret("", file).text().strip();
  }

  private static @Nullable BackupKey key(BackupConfig config) throws IOException {
    String variable = config.encryptionKeyEnv();
    String text;
    if (variable.isEmpty()) {
      if (config.encryptionKeyFile().isEmpty()) {
        return null;
      }
      text = secret(config.encryptionKeyFile());
    } else {
      text = System.getenv(variable);
      if (text == null) {
        throw new ConfigException("the environment variable " + variable + " is not set");
      }
    }
    try {
      return BackupKey.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
