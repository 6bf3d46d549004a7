package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command that runs PromQL scripts, on scripts of a user's own. */
final class PromqlTestCommandTest {
  @TempDir Path folder;

  private record Result(int exit, List<String> lines) {}

  private Result run(String... arguments) {
    List<String> command = new ArrayList<>(List.of("promqltest"));
    command.addAll(List.of(arguments));
    CommandResult result = CommandResult.of(command.toArray(new String[0]));
    return new Result(result.exit(), result.out().lines().toList());
  }

  private String script(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return file.toString();
  }

  @Test
  void countsPerFileAndLevelAndShowsWhatFailed() throws IOException {
    String good =
        script(
            "a/good.test",
            """
            load 1m
              x_total{a="1"} 0+60x10
              # a comment ends nothing but is a blank line

            eval instant at 10m rate(x_total[5m])
              expect no_info
              {a="1"} 1

            eval range from 0 to 2m step 1m x_total
              x_total{a="1"} 0 60 120

            eval instant at 1m 1 + 1
              2

            eval instant at 1m max_of(1, 2)
              2

            eval instant at 1m x_total[
              expect fail

            eval instant at 1m "a" # b
              expect string "a"

            clear
            eval instant at 10m x_total
            """);
    String bad =
        script(
            "a/b/bad.test",
            """
            load 1m
              y 1 2

            eval instant at 1m y
              y 3
              z 1

            eval instant at 0 y
              y 1
            """);
    assertThat(run(folder.toString()))
        .isEqualTo(
            new Result(
                1,
                List.of(
                    "FAILED " + bad + ":4: eval instant at 1m y",
                    "  {__name__=\"y\"} is 2, not 3; missing {__name__=\"z\"}",
                    "  expected:",
                    "    y 3",
                    "    z 1",
                    "  got:",
                    "    {__name__=\"y\"} 2",
                    bad + "  A 1/2",
                    good + "  A 6/6  C 1/1",
                    "level A (float core): 7/8",
                    "level C (flagged): 1/1",
                    "8 passed, 1 failed")));
    assertThat(run("--from-files", good).lines()).last().isEqualTo("7 passed, 0 failed");
    assertThat(run("--from-files", good).exit()).isZero();
  }

  @Test
  void featuresCanBeSwitchedOff() throws IOException {
    String script =
        script("f.test", "eval instant at 0 max_of(1, 2)\n  2\n\neval instant at 0 1\n  1\n");
    assertThat(run(script).exit()).isZero();
    assertThat(run("--features", "promql-experimental-functions", script).exit()).isZero();
    Result without = run("--features", "default", script);
    assertThat(without.exit()).isEqualTo(1);
    assertThat(without.lines())
        .contains(
            "  failed: 1:1: parse error: function \"max_of\" is not enabled", "1 passed, 1 failed");
    assertThat(run("--features", "nonsense", script).exit()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          lod 1m                       | 1:1  | expected load, eval or clear, found "lod"
          load 1x                      | 1:7  | not a duration: 1x
          load 1m\\n  x 1 2y3          | 2:10 | expected a unit of time
          load 1m\\n  x 1 2z           | 2:8  | unexpected text after a value
          load 1m\\n  x 1+2            | 2:8  | expected x and a count
          load 1m\\n  x{a=~"b"} 1      | 2:14 | a label of a series must be written with =
          load 1m\\n  x {{scheme:1}}   | 2:14 | a histogram has no scheme:
          load 1m\\n  x {{buckets:[a]}}| 2:17 | expected a number
          load 1m\\n  x 1x999999999    | 2:17 | more than 10000000 values
          load 1m\\n  x@st 1m\\n  y 1  | 3:6  | the start times before are those of another series
          load 1m\\n  x@st 1m\\n       | 2:1  | start times without a series
          eval instant                 | 1:1  | expected eval
          eval range from 1m to 0 step 1m x | 1:1 | the end is before the start
          eval instant at 1m x\\nexpect fial | 2:1 | expected expect ordered
          eval instant at 1m x\\nexpect fail regex:( | 2:1 | not a regular expression
          eval instant at 1m x\\nexpect warn\\nexpect no_warn | 1:1 | both WARN and NO_WARN
          eval instant at 1m x\\nx 1 2 | 2:1  | several values of an instant evaluation
          eval instant at 1m x\\nexpect string a | 2:1 | expected a string in quotes
          """)
  void scriptsThatCannotBeReadAreFailuresWithAPlace(String text, String place, String message)
      throws IOException {
    String script = script("s.test", text.replace("\\n", "\n"));
    Result result = run(script);
    assertThat(result.exit()).as(result.toString()).isEqualTo(1);
    assertThat(result.lines().getFirst())
        .startsWith("FAILED " + script + ":" + place.substring(0, place.indexOf(':') + 1))
        .contains(message);
    assertThat(result.lines()).last().isEqualTo("0 passed, 1 failed");
  }

  @Test
  void missingPathsAreNamed() {
    assertThat(run(folder.resolve("nothing").toString()).exit()).isEqualTo(1);
    assertThat(run(folder.toString()).exit()).isEqualTo(1); // no script in it
    assertThat(run().exit()).isEqualTo(2);
  }
}
