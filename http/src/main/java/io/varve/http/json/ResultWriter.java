package io.varve.http.json;

import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import java.io.IOException;

/**
 * Writes the value of a query. Points go from arrays through one character buffer to the stream:
 * nothing is created per point but the digits of values that are not whole numbers. For one thread.
 */
public final class ResultWriter {
  private static final int BUFFER_CHARS = 8_000;
  private static final int POINT_CHARS = 2 * GoFloat.MOST_CHARS + 8;

  private final Json json;
  private final char[] buffer = new char[BUFFER_CHARS];
  private int size;

  /** Writes to {@code json}. */
  public ResultWriter(Json json) {
    this.json = json;
  }

  /** Writes the keys {@code resultType} and {@code result} into the object that is open. */
  public void write(QueryResult.Value value) throws IOException {
    json.key("resultType").string(value.typeName()).key("result");
    switch (value) {
      case Scalar scalar ->
          json.beginList()
              .seconds(scalar.timeMillis())
              .string(GoFloat.plain(scalar.value()))
              .endList();
      case StringResult string ->
          json.beginList().seconds(string.timeMillis()).string(string.value()).endList();
      case Vector vector -> vector(vector);
      case Matrix matrix -> matrix(matrix);
    }
  }

  private void vector(Vector vector) throws IOException {
    json.beginList();
    for (int i = 0; i < vector.size(); i++) {
      json.beginObject().key("metric").labels(vector.labels()[i]).key("value").beginList();
      size = GoFloat.writeSeconds(vector.timeMillis(), buffer, size);
      buffer[size++] = ',';
      value(vector.values()[i]);
      flush();
      json.endList().endObject();
    }
    json.endList();
  }

  private void matrix(Matrix matrix) throws IOException {
    json.beginList();
    for (Series series : matrix.series()) {
      json.beginObject().key("metric").labels(series.labels()).key("values").beginList();
      for (int i = 0; i < series.size(); i++) {
        if (size + POINT_CHARS > BUFFER_CHARS) {
          flush();
        }
        if (i > 0) {
          buffer[size++] = ',';
        }
        buffer[size++] = '[';
        size = GoFloat.writeSeconds(series.times()[i], buffer, size);
        buffer[size++] = ',';
        value(series.values()[i]);
        buffer[size++] = ']';
      }
      flush();
      json.endList().endObject();
    }
    json.endList();
  }

  private void value(double value) {
    buffer[size++] = '"';
    size = GoFloat.write(value, buffer, size);
    buffer[size++] = '"';
  }

  private void flush() throws IOException {
    json.raw(buffer, size);
    size = 0;
  }
}
