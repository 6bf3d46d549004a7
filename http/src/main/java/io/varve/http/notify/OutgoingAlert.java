package io.varve.http.notify;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.varve.engine.model.Labels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collection;
import java.util.SortedMap;

/**
 * An alert as Alertmanagers are told of it.
 *
 * @param labels the external ones included
 * @param startsMillis since when it fires
 * @param endsMillis since when it has gone, or when it is to be taken for gone
 * @param generatorUrl where a user sees what it comes from
 */
record OutgoingAlert(
    Labels labels,
    SortedMap<String, String> annotations,
    long startsMillis,
    long endsMillis,
    String generatorUrl) {
  private static final JsonFactory JSON = new JsonFactory();

  OutgoingAlert withLabels(Labels others) {
    return others.equals(labels)
        ? this
        : new OutgoingAlert(others, annotations, startsMillis, endsMillis, generatorUrl);
  }

  /** The page that shows an expression as a table. */
  static String generatorUrl(String externalUrl, String expression) {
    String escaped =
        URLEncoder.encode(expression, StandardCharsets.UTF_8)
            .replace("*", "%2A")
            .replace("%7E", "~");
    return externalUrl + "/graph?g0.expr=" + escaped + "&g0.tab=1";
  }

  /** The body of a request. */
  static byte[] json(Collection<OutgoingAlert> alerts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartArray();
      for (OutgoingAlert alert : alerts) {
        alert.write(json);
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  private void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart("labels");
    for (int i = 0; i < labels.size(); i++) {
      json.writeStringField(labels.name(i), labels.value(i));
    }
    json.writeEndObject();
    json.writeObjectFieldStart("annotations");
    for (var annotation : annotations.entrySet()) {
      json.writeStringField(annotation.getKey(), annotation.getValue());
    }
    json.writeEndObject();
    json.writeStringField("startsAt", Instant.ofEpochMilli(startsMillis).toString());
    json.writeStringField("endsAt", Instant.ofEpochMilli(endsMillis).toString());
    json.writeStringField("generatorURL", generatorUrl);
    json.writeEndObject();
  }
}
