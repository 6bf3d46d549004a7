package io.varve.http.json;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class EnvelopeTest {
  private static String answer(List<String> warnings, List<String> infos) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Envelope.success(out, json -> json.beginList().endList(), warnings, infos);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static List<String> texts(int count) {
    return IntStream.range(0, count).mapToObj(i -> "text " + i).toList();
  }

  @Test
  void whatIsEmptyIsLeftOutButForTheData() throws IOException {
    assertThat(answer(List.of(), List.of())).isEqualTo("{\"status\":\"success\",\"data\":[]}");
    assertThat(answer(List.of("a"), List.of("b")))
        .isEqualTo("{\"status\":\"success\",\"data\":[],\"warnings\":[\"a\"],\"infos\":[\"b\"]}");
  }

  @Test
  void tenOfEachKindAreToldAndTheRestIsCounted() throws IOException {
    JsonNode answer = new ObjectMapper().readTree(answer(texts(10), texts(13)));
    assertThat(answer.get("warnings")).hasSize(10);
    assertThat(answer.get("infos")).hasSize(11);
    assertThat(answer.at("/infos/9").asText()).isEqualTo("text 9");
    assertThat(answer.at("/infos/10").asText()).isEqualTo("3 more info annotations omitted");
  }
}
