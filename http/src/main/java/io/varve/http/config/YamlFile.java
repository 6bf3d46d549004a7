package io.varve.http.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the YAML text of a configuration into nodes that know their lines. */
final class YamlFile {
  private static final int MOST_DEPTH = 16;

  private final String file;
  private final JsonParser parser;

  private YamlFile(String file, JsonParser parser) {
    this.file = file;
    this.parser = parser;
  }

  /** The top of the file; empty if there is nothing in it. */
  static YamlNode.Mapping read(String file, String text) {
    try (JsonParser parser = new YAMLFactory().createParser(text)) {
      YamlFile reader = new YamlFile(file, parser);
      JsonToken first = parser.nextToken();
      if (first == null || first == JsonToken.VALUE_NULL) {
        return YamlNode.Mapping.empty();
      }
      YamlNode top = reader.node(first, 0);
      if (!(top instanceof YamlNode.Mapping mapping)) {
        throw new ConfigException(
            file + ":" + top.line() + ": expected settings of the form key: value");
      }
      if (parser.nextToken() != null) {
        throw new ConfigException(
            file + ":" + parser.currentTokenLocation().getLineNr() + ": a second document");
      }
      return mapping;
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw new ConfigException(
          file + (at == null ? "" : ":" + at.getLineNr()) + ": " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new ConfigException(file + ": " + e.getMessage());
    }
  }

  private YamlNode node(@Nullable JsonToken token, int depth) throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    if (depth > MOST_DEPTH) {
      throw new ConfigException(file + ":" + line + ": nested too deeply");
    }
    if (token == JsonToken.START_OBJECT) {
      return mapping(line, depth);
    }
    if (token == JsonToken.START_ARRAY) {
      List<YamlNode> items = new ArrayList<>();
      for (JsonToken item; (item = parser.nextToken()) != JsonToken.END_ARRAY; ) {
        items.add(node(item, depth + 1));
      }
      return new YamlNode.Sequence(items, line);
    }
    String text = token == JsonToken.VALUE_NULL ? "" : parser.getText();
    return new YamlNode.Scalar(text, line);
  }

  private YamlNode.Mapping mapping(int line, int depth) throws IOException {
    Map<String, YamlNode.Entry> entries = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      int keyLine = parser.currentTokenLocation().getLineNr();
      YamlNode value = node(parser.nextToken(), depth + 1);
      YamlNode.Entry before = entries.putIfAbsent(key, new YamlNode.Entry(value, keyLine));
      if (before != null) {
        throw new ConfigException(
            file
                + ":"
                + keyLine
                + ": "
                + key
                + " is set for the second time (first in line "
                + before.line()
                + ")");
      }
    }
    return new YamlNode.Mapping(entries, line);
  }
}
