package io.varve.query.function;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The regular expression and replacement of {@code label_replace}: anchored at both ends, the dot
 * matches newlines, and the replacement is expanded as Go's {@code regexp.Expand} does: {@code $1},
 * {@code ${1}}, {@code $name}; the longest possible name is taken, so {@code $1x} is the group
 * named "1x", and a group that is not there is empty. Immutable and thread-safe.
 */
public final class LabelTemplate {
  private record Part(String text, boolean group) {}

  private final Pattern pattern;
  private final List<Part> parts;

  /**
   * @throws IllegalArgumentException if RE2 does not accept the expression
   */
  public LabelTemplate(String expression, String replacement) {
    try {
      Pattern.compile(expression); // ")(" must not close the group below
      pattern = Pattern.compile("^(?s:" + expression + ")$");
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    parts = parse(replacement);
  }

  /** The expanded replacement; null if the expression does not match the whole value. */
  public @Nullable String replace(String value) {
    Matcher matcher = pattern.matcher(value);
    if (!matcher.matches()) {
      return null;
    }
    StringBuilder out = new StringBuilder();
    for (Part part : parts) {
      out.append(part.group ? group(matcher, part.text) : part.text);
    }
    return out.toString();
  }

  private String group(Matcher matcher, String name) {
    Integer index = number(name);
    if (index == null) {
      index = pattern.namedGroups().get(name);
    }
    if (index == null || index > matcher.groupCount()) {
      return "";
    }
    String found = matcher.group(index);
    return found == null ? "" : found;
  }

  /** The group's number; null if it is a name. */
  private static @Nullable Integer number(String name) {
    int number = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < '0' || c > '9' || number >= 100_000_000) {
        return null;
      }
      number = number * 10 + (c - '0');
    }
    // A leading zero makes it a name, except that it is all of the number.
    return name.charAt(0) == '0' && name.length() > 1 ? null : Integer.valueOf(number);
  }

  private static List<Part> parse(String template) {
    List<Part> parts = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    int i = 0;
    while (i < template.length()) {
      int dollar = template.indexOf('$', i);
      if (dollar < 0) {
        break;
      }
      text.append(template, i, dollar);
      i = dollar + 1;
      if (i < template.length() && template.charAt(i) == '$') {
        text.append('$');
        i++;
        continue;
      }
      boolean braces = i < template.length() && template.charAt(i) == '{';
      int start = braces ? i + 1 : i;
      int end = start;
      while (end < template.length() && isWord(template.codePointAt(end))) {
        end += Character.charCount(template.codePointAt(end));
      }
      if (end == start || (braces && (end == template.length() || template.charAt(end) != '}'))) {
        text.append('$'); // malformed: as it stands
        continue;
      }
      if (text.length() > 0) {
        parts.add(new Part(text.toString(), false));
        text.setLength(0);
      }
      parts.add(new Part(template.substring(start, end), true));
      i = braces ? end + 1 : end;
    }
    text.append(template, Math.min(i, template.length()), template.length());
    if (text.length() > 0) {
      parts.add(new Part(text.toString(), false));
    }
    return parts;
  }

  private static boolean isWord(int c) {
    return c == '_'
        || Character.isLetter(c)
        || Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER;
  }
}
