package io.varve.ingest.cluster;

import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;

/** Why another node did not answer, or not with what it was asked for, in words. */
public final class Unreached {
  private Unreached() {}

  /** In words for who operates the nodes. */
  public static String text(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof UnresolvedAddressException) {
        return "its host has no address";
      }
    }
    String message = failure.getMessage();
    return switch (failure) {
      case HttpTimeoutException e -> "no answer in time";
      // The JDK's client gives no message, or that of the system, as "Connection refused".
      case ConnectException e -> message == null ? "nothing answers at its address" : message;
      case ClosedChannelException e -> "the connection was closed";
      default -> message == null ? failure.toString() : message;
    };
  }
}
