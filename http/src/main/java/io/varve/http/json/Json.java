package io.varve.http.json;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/**
 * Writes one JSON answer as a stream, in the spelling of Go. For one thread; the underlying stream
 * stays open.
 */
public final class Json {
  /** Buffers are shared: what a thread kept for itself would end with it, since each is virtual. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .recyclerPool(JsonRecyclerPools.newBoundedPool(64))
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .build();

  private final OutputStream stream;
  private final JsonGenerator out;

  /** Writes to a stream in UTF-8. */
  public Json(OutputStream stream) throws IOException {
    this.stream = stream;
    out = FACTORY.createGenerator(stream, JsonEncoding.UTF8);
    out.setCharacterEscapes(GoStrings.HtmlEscapes.INSTANCE);
  }

  /** Begins an object. */
  public Json beginObject() throws IOException {
    out.writeStartObject();
    return this;
  }

  /** Ends an object. */
  public Json endObject() throws IOException {
    out.writeEndObject();
    return this;
  }

  /** Begins a list. */
  public Json beginList() throws IOException {
    out.writeStartArray();
    return this;
  }

  /** Ends a list. */
  public Json endList() throws IOException {
    out.writeEndArray();
    return this;
  }

  /** A key; its value is to follow. */
  public Json key(String name) throws IOException {
    out.writeFieldName(GoStrings.valid(name));
    return this;
  }

  /** A string. */
  public Json string(String text) throws IOException {
    out.writeString(GoStrings.valid(text));
    return this;
  }

  /** A whole number. */
  public Json number(long value) throws IOException {
    out.writeNumber(value);
    return this;
  }

  /** A number with digits behind the point. */
  public Json number(double value) throws IOException {
    out.writeRawValue(GoFloat.sample(value));
    return this;
  }

  /** True or false. */
  public Json flag(boolean value) throws IOException {
    out.writeBoolean(value);
    return this;
  }

  /** Null. */
  public Json nothing() throws IOException {
    out.writeNull();
    return this;
  }

  /** A time as seconds with the shortest fraction. */
  public Json seconds(long millis) throws IOException {
    return number(millis / 1000.0);
  }

  /** A list of strings. */
  public Json strings(List<String> texts) throws IOException {
    beginList();
    for (String text : texts) {
      string(text);
    }
    return endList();
  }

  /** A label set as an object, in the labels' order. */
  public Json labels(Labels labels) throws IOException {
    out.setCharacterEscapes(null);
    out.writeStartObject();
    for (int i = 0; i < labels.size(); i++) {
      out.writeStringField(GoStrings.valid(labels.name(i)), GoStrings.valid(labels.value(i)));
    }
    out.writeEndObject();
    out.setCharacterEscapes(GoStrings.HtmlEscapes.INSTANCE);
    return this;
  }

  /** Text that is JSON, or a part of what stands inside of a list: straight to the stream. */
  void raw(byte[] utf8, int length) throws IOException {
    out.flush();
    stream.write(utf8, 0, length);
  }

  /** Hands everything to the stream; nothing can be written after it. */
  public void finish() throws IOException {
    out.close();
  }
}
