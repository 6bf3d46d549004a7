package io.varve.http.cli;

import io.varve.http.backup.BackupPlace;
import io.varve.http.config.BackupConfig;
import io.varve.http.config.ServerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say where backups are. What they leave open stands in the configuration. */
final class BackupTarget {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A server's configuration, whose section backup says the same.")
  private @Nullable Path config;

  @Option(
      names = "--store",
      paramLabel = "PLACE",
      description = "A folder, or s3://BUCKET[/PREFIX].")
  private @Nullable String store;

  @Option(
      names = "--endpoint",
      paramLabel = "URL",
      description = "Of an object store that is not Amazon's.")
  private @Nullable String endpoint;

  @Option(names = "--region", paramLabel = "NAME", description = "Of the object store.")
  private @Nullable String region;

  @Option(
      names = "--encryption-key-file",
      paramLabel = "FILE",
      description = "Holds the key of encrypted backups: 32 bytes as hex digits or in Base64.")
  private @Nullable Path keyFile;

  @Option(
      names = "--encryption-key-env",
      paramLabel = "NAME",
      description = "The environment variable that holds it.")
  private @Nullable String keyEnv;

  /** For picocli. */
  BackupTarget() {}

  /** True if the options name a place by themselves. */
  boolean isNamed() {
    return store != null || config != null;
  }

  /** The configuration that was named, else the defaults. */
  ServerConfig settings() {
    return config == null ? ServerConfig.defaults() : ServerConfig.load(config);
  }

  /** Opens the place; the caller closes it. */
  BackupPlace open() throws IOException {
    BackupConfig from = settings().backup();
    try {
      return BackupPlace.open(
          new BackupConfig(
              store == null ? from.store() : BackupConfig.checkedStore(store),
              endpoint == null ? from.endpoint() : BackupConfig.checkedEndpoint(endpoint),
              region == null ? from.region() : region,
              from.addressing(),
              from.accessKey(),
              from.secretKeyFile(),
              from.timeoutMillis(),
              keyFile == null && keyEnv == null
                  ? from.encryptionKeyFile()
                  : keyFile == null ? "" : keyFile.toString(),
              keyEnv == null && keyFile == null
                  ? from.encryptionKeyEnv()
                  : keyEnv == null ? "" : keyEnv,
              from.everyMillis(),
              from.keep(),
              from.archiveMillis(),
              from.hold()),
          InstantSource.system());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }
}
