package io.varve.engine;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Golden files: bytes that a version once wrote, under {@code resources/golden}. */
public final class GoldenBytes {
  private GoldenBytes() {}

  /** A file as it is. */
  public static byte[] file(String name) throws IOException {
    String path = "/golden/" + name;
    try (InputStream in = GoldenBytes.class.getResourceAsStream(path)) {
      return Objects.requireNonNull(in, path).readAllBytes();
    }
  }

  /** A file of lines {@code name = hex}, by name; lines that begin with # are remarks. */
  public static Map<String, byte[]> lines(String name) throws IOException {
    Map<String, byte[]> found = new LinkedHashMap<>();
    for (String line : new String(file(name), StandardCharsets.US_ASCII).lines().toList()) {
      if (!line.startsWith("#")) {
        int at = line.indexOf(" = ");
        found.put(line.substring(0, at), hex(line.substring(at + 3)));
      }
    }
    return found;
  }

  /** Bytes from hex digits with any white space between. */
  public static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
  }
}
