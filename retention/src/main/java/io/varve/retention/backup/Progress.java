package io.varve.retention.backup;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** How far something has come that takes long; one thread or many move it, any may look. */
public final class Progress {
  private volatile String step = "beginning";
  private volatile int files;
  private volatile long bytes;
  private final AtomicInteger filesDone = new AtomicInteger();
  private final AtomicLong bytesDone = new AtomicLong();

  /** Nothing is done yet. */
  public Progress() {}

  /**
   * How far it is.
   *
   * @param step what is being done
   * @param files how many files there are to do in this step
   * @param bytes their size
   */
  public record State(String step, int filesDone, int files, long bytesDone, long bytes) {
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

  void begin(String nextStep, int nextFiles, long nextBytes) {
    filesDone.set(0);
    bytesDone.set(0);
    files = nextFiles;
    bytes = nextBytes;
    step = nextStep;
  }

  void advance(long fileBytes) {
    filesDone.incrementAndGet();
    bytesDone.addAndGet(fileBytes);
  }

  /** Where it stands now. */
  public State state() {
    return new State(step, filesDone.get(), files, bytesDone.get(), bytes);
  }
}
