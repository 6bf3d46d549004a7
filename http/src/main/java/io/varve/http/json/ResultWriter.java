package io.varve.http.json;

import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import io.varve.query.histogram.BucketCursor;
import io.varve.query.histogram.FloatHistogram;
import java.io.IOException;

/**
 * Writes the value of a query. Points go from arrays through one buffer to the stream: nothing is
 * created per point but the digits of values that are not whole numbers. For one thread.
 */
public final class ResultWriter {
  private static final int BUFFER_BYTES = 8_000;
  private static final int POINT_BYTES = 2 * GoFloat.MOST_CHARS + 8;

  private final Json json;
  private final byte[] buffer = new byte[BUFFER_BYTES];
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
      json.beginObject().key("metric").labels(vector.labels()[i]);
      FloatHistogram histogram = vector.histogram(i);
      if (histogram != null) {
        json.key("histogram").beginList().seconds(vector.timeMillis());
        histogram(histogram);
        json.endList().endObject();
        continue;
      }
      json.key("value").beginList();
      size = GoFloat.writeSeconds(vector.timeMillis(), buffer, size);
      buffer[size++] = ',';
      value(vector.values()[i]);
      flush();
      json.endList().endObject();
    }
    json.endList();
  }

  private void matrix(Matrix matrix) throws IOException {
    PointTimes times = new PointTimes(matrix.series().size() > 1);
    json.beginList();
    for (Series series : matrix.series()) {
      json.beginObject().key("metric").labels(series.labels());
      int histograms = 0;
      for (int i = 0; i < series.size(); i++) {
        histograms += series.histogram(i) == null ? 0 : 1;
      }
      if (histograms < series.size()) {
        json.key("values").beginList();
        values(series, times);
        json.endList();
      }
      if (histograms > 0) {
        json.key("histograms").beginList();
        for (int i = 0; i < series.size(); i++) {
          FloatHistogram histogram = series.histogram(i);
          if (histogram != null) {
            json.beginList().seconds(series.times()[i]);
            histogram(histogram);
            json.endList();
          }
        }
        json.endList();
      }
      json.endObject();
    }
    json.endList();
  }

  private void values(Series series, PointTimes times) throws IOException {
    times.begin(series.times());
    boolean first = true;
    for (int i = 0; i < series.size(); i++) {
      if (series.histogram(i) != null) {
        continue;
      }
      if (size + POINT_BYTES > BUFFER_BYTES) {
        flush();
      }
      if (!first) {
        buffer[size++] = ',';
      }
      first = false;
      buffer[size++] = '[';
      size = times.write(series.times()[i], buffer, size);
      buffer[size++] = ',';
      value(series.values()[i]);
      buffer[size++] = ']';
    }
    flush();
  }

  /** Count, sum and the populated buckets: which bounds belong to it, both bounds, count. */
  private void histogram(FloatHistogram histogram) throws IOException {
    json.beginObject();
    json.key("count").string(GoFloat.sample(histogram.count()));
    json.key("sum").string(GoFloat.sample(histogram.sum()));
    boolean any = false;
    BucketCursor bucket = histogram.ascending();
    while (bucket.next()) {
      if (bucket.count == 0) {
        continue;
      }
      if (!any) {
        json.key("buckets").beginList();
        any = true;
      }
      json.beginList().number(boundaryRule(bucket));
      json.string(GoFloat.sample(bucket.lower)).string(GoFloat.sample(bucket.upper));
      json.string(GoFloat.sample(bucket.count)).endList();
    }
    if (any) {
      json.endList();
    }
    json.endObject();
  }

  /** 0 open on the left, 1 open on the right, 2 open, 3 closed. */
  private static long boundaryRule(BucketCursor bucket) {
    if (bucket.lowerInclusive) {
      return bucket.upperInclusive ? 3 : 1;
    }
    return bucket.upperInclusive ? 0 : 2;
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
