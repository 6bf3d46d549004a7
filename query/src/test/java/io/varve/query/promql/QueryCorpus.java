package io.varve.query.promql;

import io.varve.engine.SharedData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/** Queries that others wrote: Prometheus' own test scripts and those of its compliance tester. */
@NullMarked
final class QueryCorpus {
  /** A query, and whether evaluating it is expected to fail. */
  record Case(String source, String query, boolean mayFail) {}

  private static final Pattern EVAL =
      Pattern.compile(
          "eval(?<kind>_\\w+)?\\s+(?:instant\\s+(?:at\\s+\\S+\\s+)?|range\\s+from\\s+\\S+\\s+to\\s+\\S+\\s+step\\s+\\S+\\s+)(?<query>.+)");

  private QueryCorpus() {}

  /** The queries of the scripts; aborts the test where they are missing. */
  static List<Case> scripts() {
    Path folder = SharedData.path("conformance/promqltest");
    List<Case> cases = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".test")).sorted().toList()) {
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
          Matcher eval = EVAL.matcher(lines.get(i).strip());
          if (eval.matches()) {
            String next = i + 1 < lines.size() ? lines.get(i + 1).strip() : "";
            boolean fail = "_fail".equals(eval.group("kind")) || next.startsWith("expect fail");
            String source = file.getFileName() + ":" + (i + 1);
            cases.add(new Case(source, eval.group("query"), fail));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return cases;
  }

  /** The queries of the compliance tester; aborts the test where they are missing. */
  static List<Case> compliance() {
    Path file = SharedData.path("conformance/compliance/promql-queries-sample.tsv");
    List<Case> cases = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file)) {
        int tab = line.indexOf('\t');
        if (tab > 0) {
          String query = line.substring(tab + 1);
          cases.add(new Case(file.getFileName().toString(), query, !line.startsWith("OK")));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return cases;
  }
}
