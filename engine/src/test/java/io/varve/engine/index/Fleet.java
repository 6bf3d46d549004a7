package io.varve.engine.index;

import io.varve.engine.SharedData;
import io.varve.engine.model.Labels;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.InflaterInputStream;

/** The series that a real node_exporter has, on as many hosts as wanted, in order of arrival. */
final class Fleet {
  private static final Pattern QUOTED = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  private Fleet() {}

  /** Skips the test if the capture is not there. */
  static SeriesList ofHosts(int hosts) throws IOException {
    List<Labels> one = oneHost();
    SeriesList fleet = new SeriesList();
    for (int host = 0; host < hosts; host++) {
      String instance = "host-%04d.example.net:9100".formatted(host);
      for (Labels labels : one) {
        fleet.add(
            "",
            new Labels.Builder(labels)
                .set("instance", instance)
                .set("job", "node")
                .set("zone", "zone-" + host % 3)
                .build());
      }
    }
    return fleet;
  }

  private static List<Labels> oneHost() throws IOException {
    byte[] capture = Files.readAllBytes(SharedData.path("data/node_exporter.cap"));
    int headerLength =
        (capture[0] & 0xFF)
            | (capture[1] & 0xFF) << 8
            | (capture[2] & 0xFF) << 16
            | capture[3] << 24;
    byte[] header = new byte[headerLength];
    try (DataInputStream in =
        new DataInputStream(
            new InflaterInputStream(new ByteArrayInputStream(capture, 4, capture.length - 4)))) {
      in.readFully(header);
    }
    String json = new String(header, StandardCharsets.UTF_8);
    json = json.substring(json.indexOf("\"series\""), json.indexOf("\"types\""));
    json = json.substring(json.indexOf('['));
    List<Labels> series = new ArrayList<>();
    Matcher quoted = QUOTED.matcher(json);
    while (quoted.find()) {
      series.add(parse(unescape(quoted.group(1))));
    }
    return series;
  }

  private static Labels parse(String text) {
    int brace = text.indexOf('{');
    Labels.Builder labels = new Labels.Builder();
    labels.add(Labels.METRIC_NAME, brace < 0 ? text : text.substring(0, brace));
    Matcher label = LABEL.matcher(brace < 0 ? "" : text.substring(brace));
    while (label.find()) {
      labels.add(label.group(1), unescape(label.group(2)));
    }
    return labels.build();
  }

  private static String unescape(String text) {
    return text.replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
  }
}
