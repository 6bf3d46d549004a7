package io.varve.engine.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds what of a regular expression is plain text, so that an index need not run it. */
final class RegexLiterals {
  private static final int MOST_ALTERNATIVES = 1024;
  private static final String SPECIAL = ".+*?()[]{}^$\\|";

  private RegexLiterals() {}

  /**
   * The alternatives of {@code a|b|c} or {@code (a|b|c)} if all are plain text, possibly with
   * escaped punctuation; null if the expression is anything more.
   */
  static @Nullable List<String> alternatives(String expression) {
    String inner = expression;
    if (inner.startsWith("(?:") && inner.endsWith(")")) {
      inner = inner.substring(3, inner.length() - 1);
    } else if (inner.startsWith("(") && inner.endsWith(")") && !inner.startsWith("(?")) {
      inner = inner.substring(1, inner.length() - 1);
    }
    List<String> found = new ArrayList<>();
    StringBuilder current = new StringBuilder();
    for (int i = 0; i < inner.length(); i++) {
      char c = inner.charAt(i);
      if (c == '|') {
        found.add(current.toString());
        current.setLength(0);
        if (found.size() > MOST_ALTERNATIVES) {
          return null;
        }
      } else if (c == '\\') {
        if (++i == inner.length() || isWord(inner.charAt(i)) || inner.charAt(i) > 127) {
          return null; // a class, or an escape that RE2 shall judge
        }
        current.append(inner.charAt(i));
      } else if (SPECIAL.indexOf(c) >= 0) {
        return null;
      } else {
        current.append(c);
      }
    }
    found.add(current.toString());
    return found;
  }

  /** Plain text that every match begins with; "" if that is not plain to see. */
  static String prefix(String expression) {
    if (expression.indexOf('|') >= 0 || expression.startsWith("(?")) {
      return "";
    }
    int end = 0;
    while (end < expression.length() && SPECIAL.indexOf(expression.charAt(end)) < 0) {
      end++;
    }
    if (end < expression.length() && "*?{".indexOf(expression.charAt(end)) >= 0 && end > 0) {
      end--; // the last character is optional
      if (Character.isLowSurrogate(expression.charAt(end)) && end > 0) {
        end--;
      }
    }
    return expression.substring(0, end);
  }

  private static boolean isWord(char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
}
