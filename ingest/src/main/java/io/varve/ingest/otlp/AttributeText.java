package io.varve.ingest.otlp;

import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.varve.engine.model.Labels;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/**
 * Values of attributes as text, as the OpenTelemetry collector writes them ({@code pcommon.Value},
 * AsString): strings as they are, bytes in Base64, lists and maps as JSON with sorted keys.
 */
final class AttributeText {
  private static final int LINE_SEPARATOR = 0x2028;
  private static final int PARAGRAPH_SEPARATOR = 0x2029;

  private AttributeText() {}

  static String of(AnyValue value) {
    return switch (value.getValueCase()) {
      case STRING_VALUE -> value.getStringValue();
      case BOOL_VALUE -> Boolean.toString(value.getBoolValue());
      case INT_VALUE -> Long.toString(value.getIntValue());
      case DOUBLE_VALUE -> of(value.getDoubleValue());
      case BYTES_VALUE -> base64(value);
      case ARRAY_VALUE, KVLIST_VALUE -> {
        StringBuilder out = new StringBuilder();
        // JSON has no such numbers: then nothing is written at all.
        yield json(value, out) ? out.toString() : "";
      }
      default -> ""; // nothing, or a kind of value that metrics do not have
    };
  }

  private static String of(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return "json: unsupported value: " + Decimal.plain(value);
    }
    return Decimal.json(value);
  }

  private static String base64(AnyValue value) {
    return Base64.getEncoder().encodeToString(value.getBytesValue().toByteArray());
  }

  /** Appends the value; false if there is a number in it that JSON does not have. */
  private static boolean json(AnyValue value, StringBuilder out) {
    switch (value.getValueCase()) {
      case STRING_VALUE -> string(value.getStringValue(), out);
      case BOOL_VALUE -> out.append(value.getBoolValue());
      case INT_VALUE -> out.append(value.getIntValue());
      case DOUBLE_VALUE -> {
        double number = value.getDoubleValue();
        if (Double.isNaN(number) || Double.isInfinite(number)) {
          return false;
        }
        out.append(Decimal.json(number));
      }
      case BYTES_VALUE -> out.append('"').append(base64(value)).append('"');
      case ARRAY_VALUE -> {
        out.append('[');
        String separator = "";
        for (AnyValue item : value.getArrayValue().getValuesList()) {
          out.append(separator);
          separator = ",";
          if (!json(item, out)) {
            return false;
          }
        }
        out.append(']');
      }
      case KVLIST_VALUE -> {
        Map<String, AnyValue> sorted = new TreeMap<>(Labels::compareUtf8);
        for (KeyValue entry : value.getKvlistValue().getValuesList()) {
          sorted.put(entry.getKey(), entry.getValue());
        }
        out.append('{');
        String separator = "";
        for (Map.Entry<String, AnyValue> entry : sorted.entrySet()) {
          out.append(separator);
          separator = ",";
          string(entry.getKey(), out);
          out.append(':');
          if (!json(entry.getValue(), out)) {
            return false;
          }
        }
        out.append('}');
      }
      default -> out.append("null");
    }
    return true;
  }

  private static void string(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || c == LINE_SEPARATOR || c == PARAGRAPH_SEPARATOR) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
