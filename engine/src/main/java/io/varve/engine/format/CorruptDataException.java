package io.varve.engine.format;

/**
 * Bytes that cannot be what they claim to be: the one exception every decoder ends in. It names the
 * source (a file, a record, a request) and the offset in it, so that an operator can look.
 */
public final class CorruptDataException extends RuntimeException {
  private final String source;
  private final long offset;
  private final String problem;

  /**
   * @param source what was being read: a file path relative to the data folder, or a name
   * @param offset byte offset in the source, −1 when unknown
   * @param problem what is wrong, in words
   */
  public CorruptDataException(String source, long offset, String problem) {
    super(source + (offset >= 0 ? " at byte " + offset : "") + ": " + problem);
    this.source = source;
    this.offset = offset;
    this.problem = problem;
  }

  /** What was being read. */
  public String source() {
    return source;
  }

  /** Byte offset in {@link #source}, −1 when unknown. */
  public long offset() {
    return offset;
  }

  /** What is wrong, in words, without the place. */
  public String problem() {
    return problem;
  }
}
