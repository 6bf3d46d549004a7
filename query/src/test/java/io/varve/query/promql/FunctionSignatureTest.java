package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class FunctionSignatureTest {
  /** Names, and which of them are on by default, as a Prometheus 3.14 lists them. */
  @Test
  void areThoseOfPrometheus() throws IOException {
    Map<String, Boolean> functions = new TreeMap<>();
    for (FunctionSignature f : FunctionSignature.values()) {
      functions.put(f.text(), !f.experimental());
    }
    assertThat(functions).isEqualTo(features("promql_functions"));
    Map<String, Boolean> operators = features("promql_operators");
    for (Aggregation a : Aggregation.values()) {
      assertThat(operators.remove(a.text())).as(a.text()).isEqualTo(!a.experimental());
    }
    for (Operator o : Operator.values()) {
      assertThat(operators.remove(o.text())).as(o.text()).isTrue();
    }
    assertThat(operators.keySet()).containsExactlyInAnyOrder("@", "=~", "!~");
  }

  private static Map<String, Boolean> features(String section) throws IOException {
    String json = Files.readString(SharedData.path("conformance/openapi/features.json"));
    int from = json.indexOf('"' + section + '"');
    Matcher entry =
        Pattern.compile("\"([^\"]+)\": (true|false)")
            .matcher(json.substring(from, json.indexOf('}', from)));
    Map<String, Boolean> features = new TreeMap<>();
    while (entry.find()) {
      features.put(entry.group(1), Boolean.valueOf(entry.group(2)));
    }
    return features;
  }

  @Test
  void countsOfArguments() {
    assertThat(FunctionSignature.TIME.fewestArguments()).isZero();
    assertThat(FunctionSignature.TIME.mostArguments()).isZero();
    assertThat(FunctionSignature.ROUND.fewestArguments()).isEqualTo(1);
    assertThat(FunctionSignature.ROUND.mostArguments()).isEqualTo(2);
    assertThat(FunctionSignature.HISTOGRAM_QUANTILES.fewestArguments()).isEqualTo(3);
    assertThat(FunctionSignature.HISTOGRAM_QUANTILES.mostArguments()).isEqualTo(12);
    assertThat(FunctionSignature.LABEL_JOIN.fewestArguments()).isEqualTo(3);
    assertThat(FunctionSignature.LABEL_JOIN.mostArguments()).isEqualTo(Integer.MAX_VALUE);
    assertThat(FunctionSignature.LABEL_JOIN.argument(0)).isEqualTo(ValueType.VECTOR);
    assertThat(FunctionSignature.LABEL_JOIN.argument(9)).isEqualTo(ValueType.STRING);
  }

  @Test
  void names() {
    assertThat(FunctionSignature.of("rate")).isEqualTo(FunctionSignature.RATE);
    assertThat(FunctionSignature.of("Rate")).isNull();
    assertThat(FunctionSignature.of("holt_winters")).isNull();
  }
}
