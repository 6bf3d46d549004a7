package io.varve.http.rules;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.config.ConfigException;
import io.varve.retention.rules.RuleFiles;
import java.util.List;

/**
 * Files of rules as one text, for nodes that have them in common: a JSON array of objects with
 * {@code tenant}, {@code path} and {@code text}.
 */
final class RuleTexts {
  private static final ObjectMapper JSON = new ObjectMapper();

  private RuleTexts() {}

  static String write(List<RuleFiles.Text> files) {
    try {
      return JSON.writeValueAsString(files);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("BUG: texts are not written", e);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws ConfigException if it is something else
   */
  static List<RuleFiles.Text> read(String text) {
    try {
      return JSON.readValue(text, new TypeReference<List<RuleFiles.Text>>() {});
    } catch (JsonProcessingException e) {
      throw new ConfigException("rules of the cluster: " + e.getOriginalMessage());
    }
  }
}
