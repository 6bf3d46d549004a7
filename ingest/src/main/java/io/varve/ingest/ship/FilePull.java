package io.varve.ingest.ship;

import io.varve.engine.PulledFiles;
import io.varve.engine.StoreListing;
import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.util.List;

/** Pulls single files, from one node after the other as long as that brings something. */
final class FilePull {
  private static final System.Logger LOG = System.getLogger(FilePull.class.getName());

  /** Attempts in a row that bring no byte, per node. */
  private static final int ATTEMPTS = 4;

  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long MOST_PAUSE_MILLIS = 2_000;

  private final ShipClient client;
  private final int shard;
  private final List<URI> nodes;
  private final PullProgress progress;
  private final Check check;

  /** Asked before each attempt whether it is still wanted. */
  interface Check {
    void check() throws InterruptedIOException;
  }

  FilePull(ShipClient client, int shard, List<URI> nodes, PullProgress progress, Check check) {
    this.client = client;
    this.shard = shard;
    this.nodes = List.copyOf(nodes);
    this.progress = progress;
    this.check = check;
  }

  /**
   * Pulls one.
   *
   * @throws ShipClient.NotThereException if no node has it
   * @throws ShipClient.KeepingException if it cannot be kept here
   * @throws CorruptDataException if what comes is never what it should be
   */
  void pull(StoreListing.Entry file, PulledFiles files) throws IOException {
    int inVain = 0;
    int gone = 0;
    for (int node = 0; true; node++) {
      check.check();
      URI from = nodes.get(node % nodes.size());
      long before = files.bytes(file);
      PulledFiles.Part part = part(files, file);
      try (part) {
        client.pull(from, shard, file, part, progress);
        finish(part);
        progress.fileDone();
        return;
      } catch (ShipClient.KeepingException e) {
        throw e;
      } catch (ShipClient.NotThereException e) {
        if (++gone >= nodes.size()) {
          throw e;
        }
      } catch (CorruptDataException e) {
        if (++inVain >= ATTEMPTS * nodes.size()) {
          throw e;
        }
        LOG.log(System.Logger.Level.WARNING, from + ": " + e.getMessage());
        progress.retried();
      } catch (IOException e) {
        inVain = part.bytes() > before ? 0 : inVain + 1;
        if (inVain >= ATTEMPTS * nodes.size()) {
          throw e;
        }
        LOG.log(System.Logger.Level.DEBUG, () -> from + ": " + file.path() + " goes on after " + e);
        progress.retried();
        pause(inVain);
      }
      progress.corrected(files.bytes(file) - part.bytes());
    }
  }

  private static PulledFiles.Part part(PulledFiles files, StoreListing.Entry file)
      throws ShipClient.KeepingException {
    try {
      return files.part(file);
    } catch (IOException e) {
      throw new ShipClient.KeepingException(e);
    }
  }

  private static void finish(PulledFiles.Part part) throws ShipClient.KeepingException {
    try {
      part.finish();
    } catch (IOException e) {
      throw new ShipClient.KeepingException(e);
    }
  }

  private static void pause(int inVain) throws InterruptedIOException {
    try {
      Thread.sleep(Math.min(MOST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(inVain, 10)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
