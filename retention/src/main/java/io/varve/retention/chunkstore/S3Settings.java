package io.varve.retention.chunkstore;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where an object store that speaks S3 is, and how to get in.
 *
 * @param bucket which must exist
 * @param prefix what the names of all objects begin with there, without a slash at its ends; "" for
 *     nothing
 * @param endpoint URL of the service; null for Amazon's own of the region
 * @param region name of the region; "" for what the environment says, else {@code us-east-1}
 * @param pathStyle true if the bucket stands in the path and not in the host name
 * @param accessKey id of the key; "" if the environment says who we are, in the ways of the AWS SDK
 *     (environment variables, profiles, roles)
 * @param secretKey the key itself
 * @param timeout for connecting, and between two bytes
 */
public record S3Settings(
    String bucket,
    String prefix,
    @Nullable String endpoint,
    String region,
    boolean pathStyle,
    String accessKey,
    String secretKey,
    Duration timeout) {
  @Override
  public String toString() {
    return "s3://" + bucket + (prefix.isEmpty() ? "" : "/" + prefix);
  }
}
