package io.varve.ingest;

/**
 * The answer to a write request, ready to be put into an HTTP response.
 *
 * @param status 204 (OTLP: 200) if all is stored; 400, 413 or 415 for what can never succeed as it
 *     is; 429, 500 or 503 for what may succeed later
 * @param message why, as plain text of one or several lines; "" under 204 and 200
 * @param retryAfterSeconds for a Retry-After header, 0 for none
 * @param worthWaiting true if the same request succeeds when a flush that is under way is done: it
 *     may be written again after a moment instead of being answered
 * @param writtenHeaders true if the response has to tell what was written (remote write 2.0 only:
 *     1.0 senders take such headers for a report of losses)
 * @param samples float samples that are stored, duplicates that changed nothing included
 * @param histograms histogram samples that are stored
 * @param exemplars exemplars that are stored
 * @param position log position of what is stored, −1 if nothing is
 */
public record IngestOutcome(
    int status,
    String message,
    int retryAfterSeconds,
    boolean worthWaiting,
    boolean writtenHeaders,
    int samples,
    int histograms,
    int exemplars,
    long position) {

  /** An answer to a request of which nothing is stored. */
  public static IngestOutcome refused(int status, String message, int retryAfterSeconds) {
    return new IngestOutcome(status, message, retryAfterSeconds, false, false, 0, 0, 0, -1);
  }

  /** An answer for the case that nobody waits for the flush. */
  static IngestOutcome later(String message, int retryAfterSeconds) {
    return new IngestOutcome(503, message, retryAfterSeconds, true, false, 0, 0, 0, -1);
  }

  IngestOutcome withWrittenHeaders() {
    return new IngestOutcome(
        status,
        message,
        retryAfterSeconds,
        worthWaiting,
        true,
        samples,
        histograms,
        exemplars,
        position);
  }

  /** The same with another status if everything is stored. */
  IngestOutcome withSuccess(int success) {
    return new IngestOutcome(
        ok() ? success : status,
        message,
        retryAfterSeconds,
        worthWaiting,
        writtenHeaders,
        samples,
        histograms,
        exemplars,
        position);
  }

  /** True if everything is stored. */
  public boolean ok() {
    return status == 204 || status == 200;
  }
}
