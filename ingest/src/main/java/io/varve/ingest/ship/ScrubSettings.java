package io.varve.ingest.ship;

import java.time.Duration;

/**
 * How files are looked after.
 *
 * @param bytesPerSecond that are read in the background, to prove files; 0 for none
 * @param pass all files are proven, and compared with those of other replicas, this often at most
 * @param look damage that somebody met is looked for this often
 */
public record ScrubSettings(long bytesPerSecond, Duration pass, Duration look) {
  /** 8 MiB a second, once a day; known damage every 10 seconds. */
  public static final ScrubSettings DEFAULT =
      new ScrubSettings(8 << 20, Duration.ofDays(1), Duration.ofSeconds(10));

  /** Refuses what cannot work. */
  public ScrubSettings {
    if (bytesPerSecond < 0 || !pass.isPositive() || !look.isPositive()) {
      throw new IllegalArgumentException(
          "scrubbing " + bytesPerSecond + " bytes per second, every " + pass + ", " + look);
    }
  }
}
