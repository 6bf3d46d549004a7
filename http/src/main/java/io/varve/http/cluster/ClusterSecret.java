package io.varve.http.cluster;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** What nodes of a cluster know of each other: only requests that carry it are answered. */
public final class ClusterSecret {
  private static final String SCHEME = "Bearer ";

  private final byte[] digest;
  private final boolean needsProof;

  /** A secret; not empty. */
  public ClusterSecret(String secret) {
    this(secret, false);
  }

  /**
   * The same.
   *
   * @param needsProof whether nodes have to show a certificate, too
   */
  public ClusterSecret(String secret, boolean needsProof) {
    this.needsProof = needsProof;
    if (secret.isEmpty()) {
      throw new IllegalArgumentException("the cluster's secret is empty");
    }
    digest = digest(secret);
  }

  /** Lets requests through that carry the secret, and answers 401 to all others. */
  public Handler guard(Handler handler) {
    return (request, response) -> {
      if (isKnownTo(request)) {
        handler.handle(request, response);
      } else {
        response.header("WWW-Authenticate", "Bearer");
        response.text(401, "the cluster's secret is missing or wrong\n");
      }
    };
  }

  /** In a time that says nothing about how much of it is right. */
  private boolean isKnownTo(Request request) {
    String header = request.header("Authorization");
    return (!needsProof || request.isProven())
        && header != null
        && header.startsWith(SCHEME)
        && MessageDigest.isEqual(digest, digest(header.substring(SCHEME.length())));
  }

  private static byte[] digest(String secret) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
