package io.varve.query.promqltest;

import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import io.varve.query.function.GoText;

/** What a query yielded, line by line as a script would expect it. */
final class ResultText {
  private ResultText() {}

  static String of(QueryResult result) {
    StringBuilder out = new StringBuilder();
    switch (result.value()) {
      case Scalar s -> out.append(number(s.value())).append('\n');
      case StringResult s ->
          out.append("expect string ").append(GoText.quote(s.value())).append('\n');
      case Vector v -> {
        for (int i = 0; i < v.size(); i++) {
          out.append(v.labels()[i])
              .append(' ')
              .append(new Sample(v.values()[i], v.histogram(i)))
              .append('\n');
        }
      }
      case Matrix m -> {
        for (Series s : m.series()) {
          out.append(s.labels());
          for (int i = 0; i < s.size(); i++) {
            out.append(' ')
                .append(new Sample(s.values()[i], s.histogram(i)))
                .append('@')
                .append(s.times()[i] / 1000.0);
          }
          out.append('\n');
        }
      }
    }
    result.warnings().forEach(w -> out.append("expect warn msg: ").append(w).append('\n'));
    result.infos().forEach(w -> out.append("expect info msg: ").append(w).append('\n'));
    return out.toString().stripTrailing();
  }

  private static String number(double value) {
    return GoText.general(value);
  }
}
