package io.varve.query.promqltest;

/**
 * What came of one evaluation of a script.
 *
 * @param file name of the script
 * @param line where the evaluation stands in it, from 1
 * @param command the evaluation as it is written
 * @param expression what was evaluated
 * @param level what kind of evaluation it is
 * @param passed true if all was as expected, in all variants
 * @param problems what was not as expected; "" if passed
 * @param expected the lines of the script that say what is expected
 * @param got what came, in the script's language; "" if passed
 */
public record CaseResult(
    String file,
    int line,
    String command,
    String expression,
    Level level,
    boolean passed,
    String problems,
    String expected,
    String got) {

  /** What an evaluation needs of the engine. */
  public enum Level {
    /** Floats, in the language as it is by default. */
    A("float core"),
    /** Native histograms, in the language as it is by default. */
    B("native histograms"),
    /** Features that Prometheus keeps behind flags. */
    C("flagged");

    private final String title;

    Level(String title) {
      this.title = title;
    }

    /** What the level is about. */
    public String title() {
      return title;
    }
  }

  /** File and line. */
  public String place() {
    return file + ":" + line;
  }
}
