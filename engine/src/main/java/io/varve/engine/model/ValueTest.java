package io.varve.engine.model;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A test of label values, compiled once and asked once per distinct value. A regular expression
 * that is only an alternation of literals becomes a set, which an index can look up without
 * visiting other values; everything else runs on RE2/J, in time linear in the value.
 */
public interface ValueTest {
  /** True if the value passes. */
  boolean accepts(String value);

  /** The only values that pass, sorted; null if they cannot be listed. */
  @Nullable Set<String> onlyValues();

  /** What every value that passes begins with; "" if nothing is known. */
  String prefix();

  /** Passes exactly one value. */
  static ValueTest equal(String only) {
    return set(Set.of(only));
  }

  /** Passes exactly these values. */
  static ValueTest set(Set<String> values) {
    Set<String> sorted = java.util.Collections.unmodifiableSet(new TreeSet<>(values));
    return new ValueTest() {
      @Override
      public boolean accepts(String value) {
        return values.contains(value);
      }

      @Override
      public Set<String> onlyValues() {
        return sorted;
      }

      @Override
      public String prefix() {
        return sorted.size() == 1 ? sorted.iterator().next() : "";
      }
    };
  }

  /**
   * Passes values that an RE2 expression matches as a whole.
   *
   * @throws IllegalArgumentException if RE2 does not accept it; the message says why
   */
  static ValueTest regex(String expression) {
    List<String> literals = RegexLiterals.alternatives(expression);
    if (literals != null) {
      return set(Set.copyOf(literals));
    }
    Pattern pattern;
    try {
      // First as written, so that ")(" does not close the group below and errors cite no group.
      Pattern.compile(expression);
      pattern = Pattern.compile("^(?s:" + expression + ")$");
    } catch (PatternSyntaxException e) {
      // RE2/J's name for a parenthesis that closes nothing.
      boolean underflow = e.getDescription().contains("internal error");
      String reason =
          underflow
              ? "unexpected ): `" + expression + "`"
              : e.getDescription() + ": `" + e.getPattern() + "`";
      throw new IllegalArgumentException("error parsing regexp: " + reason, e);
    }
    boolean all = expression.equals(".*");
    boolean nonEmpty = expression.equals(".+");
    String prefix = RegexLiterals.prefix(expression);
    return new ValueTest() {
      @Override
      public boolean accepts(String value) {
        if (all || (nonEmpty && !value.isEmpty())) {
          return true;
        }
        return value.startsWith(prefix) && pattern.matcher(value).matches();
      }

      @Override
      public @Nullable Set<String> onlyValues() {
        return null;
      }

      @Override
      public String prefix() {
        return prefix;
      }
    };
  }
}
