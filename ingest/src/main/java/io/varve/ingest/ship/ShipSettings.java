package io.varve.ingest.ship;

import java.time.Duration;

/**
 * How files are pulled.
 *
 * @param secret of the cluster, which every request carries
 * @param parallel files at a time
 * @param bytesPerSecond of all of them; 0 for as fast as it goes
 * @param stall a node that sends nothing for so long is given up
 */
public record ShipSettings(String secret, int parallel, long bytesPerSecond, Duration stall) {
  /** Four files at a time, as fast as it goes, and twenty seconds of patience. */
  public static ShipSettings defaults(String secret) {
    return new ShipSettings(secret, 4, 0, Duration.ofSeconds(20));
  }

  /** Refuses what cannot work. */
  public ShipSettings {
    if (secret.isEmpty() || parallel < 1 || bytesPerSecond < 0 || !stall.isPositive()) {
      throw new IllegalArgumentException(
          "pulling " + parallel + " files at " + bytesPerSecond + " bytes per second");
    }
  }

  /** With another limit on bytes per second. */
  public ShipSettings withRate(long rate) {
    return new ShipSettings(secret, parallel, rate, stall);
  }

  /** With another patience. */
  public ShipSettings withStall(Duration patience) {
    return new ShipSettings(secret, parallel, bytesPerSecond, patience);
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "ShipSettings[parallel="
        + parallel
        + ", bytesPerSecond="
        + bytesPerSecond
        + ", stall="
        + stall
        + "]";
  }
}
