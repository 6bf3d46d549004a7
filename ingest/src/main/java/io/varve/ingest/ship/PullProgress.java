package io.varve.ingest.ship;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** How far a pull has come; the pull moves it, any thread may look. */
public final class PullProgress {
  private volatile String step = "waiting";
  private volatile int files;
  private volatile long bytes;
  private volatile long keptBytes;
  private final AtomicInteger filesDone = new AtomicInteger();
  private final AtomicLong bytesDone = new AtomicLong();
  private final AtomicLong bytesReceived = new AtomicLong();
  private final AtomicLong retries = new AtomicLong();

  /** Nothing is done yet. */
  public PullProgress() {}

  /**
   * How far it is.
   *
   * @param step what is being done
   * @param files how many have to be pulled
   * @param bytes their size
   * @param keptBytes of files that were here already
   * @param bytesReceived over the network, what had to be pulled once more included
   * @param retries requests that failed and were made again
   */
  public record State(
      String step,
      int filesDone,
      int files,
      long bytesDone,
      long bytes,
      long keptBytes,
      long bytesReceived,
      long retries) {
    /** For people. */
    public String text() {
      return files == 0
          ? step
          : String.format(
              Locale.ROOT,
              "%s: %,d of %,d files, %,d of %,d bytes",
              step,
              filesDone,
              files,
              bytesDone,
              bytes);
    }
  }

  void step(String next) {
    step = next;
  }

  void begin(int missing, long missingBytes, long kept) {
    filesDone.set(0);
    bytesDone.set(0);
    files = missing;
    bytes = missingBytes;
    keptBytes = kept;
    step = "pulling";
  }

  void received(long more) {
    bytesReceived.addAndGet(more);
    bytesDone.addAndGet(more);
  }

  void already(long more) {
    bytesDone.addAndGet(more);
  }

  /** What was thought to be there, and is not. */
  void corrected(long difference) {
    bytesDone.addAndGet(difference);
  }

  void fileDone() {
    filesDone.incrementAndGet();
  }

  void retried() {
    retries.incrementAndGet();
  }

  /** Where it stands now. */
  public State state() {
    return new State(
        step,
        filesDone.get(),
        files,
        bytesDone.get(),
        bytes,
        keptBytes,
        bytesReceived.get(),
        retries.get());
  }
}
