package io.varve.http.config;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One section of a configuration while it is being read: hands out values by key, checks them, and
 * at the end ({@link #done}) finds the keys that nobody asked for. One thread.
 */
final class Settings {
  private final String file;
  private final String path;
  private final YamlNode.Mapping mapping;
  private final Set<String> asked = new HashSet<>();
  private final List<String> known;

  private Settings(String file, String path, YamlNode.Mapping mapping, List<String> known) {
    this.file = file;
    this.path = path;
    this.mapping = mapping;
    this.known = known;
  }

  /**
   * The top section.
   *
   * @param known gathers the full names of all keys that are asked for
   */
  static Settings top(String file, YamlNode.Mapping mapping, List<String> known) {
    return new Settings(file, "", mapping, known);
  }

  /** A section below this one; empty if the file does not have it. */
  Settings section(String key) {
    asked.add(key);
    YamlNode.Entry entry = mapping.entries().get(key);
    YamlNode.Mapping inner =
        switch (entry == null ? null : entry.value()) {
          case null -> YamlNode.Mapping.empty();
          case YamlNode.Mapping m -> m;
          case YamlNode.Scalar s when s.text().isEmpty() -> YamlNode.Mapping.empty();
          case YamlNode.Scalar s ->
              throw wrong(key, s.line(), "is a section with settings of its own, not a value");
          case YamlNode.Sequence s ->
              throw wrong(key, s.line(), "is a section with settings of its own, not a list");
        };
    return new Settings(file, path + key + ".", inner, known);
  }

  private static final String OF_SECTIONS =
      "takes a list of entries, each with settings of its own";

  /** The sections of a list, each with settings of its own; none if the file does not have it. */
  List<Settings> sections(String key) {
    List<Settings> sections = new ArrayList<>();
    for (YamlNode item : items(key, OF_SECTIONS)) {
      if (!(item instanceof YamlNode.Mapping inner)) {
        throw wrong(key, item.line(), OF_SECTIONS);
      }
      sections.add(within(key + "[" + sections.size() + "]", inner));
    }
    return sections;
  }

  /**
   * The entries of a list, each either a section with settings of its own or one value.
   *
   * @param text reads a value; says what is wrong with it by IllegalArgumentException
   */
  <T> List<T> entries(String key, Function<Settings, T> section, Function<String, T> text) {
    List<T> entries = new ArrayList<>();
    for (YamlNode item : items(key, "takes a list")) {
      String place = key + "[" + entries.size() + "]";
      switch (item) {
        case YamlNode.Mapping inner -> entries.add(section.apply(within(place, inner)));
        case YamlNode.Scalar scalar -> {
          try {
            entries.add(text.apply(scalar.text()));
          } catch (IllegalArgumentException e) {
            throw wrong(place, scalar.line(), String.valueOf(e.getMessage()));
          }
        }
        case YamlNode.Sequence list -> throw wrong(place, list.line(), "is a list");
      }
    }
    return List.copyOf(entries);
  }

  /** A section that stands in a list. */
  private Settings within(String place, YamlNode.Mapping inner) {
    return new Settings(file, path + place + ".", inner, new ArrayList<>());
  }

  /**
   * What stands in a list; nothing if the file does not have it.
   *
   * @param problem with anything else than a list
   */
  private List<YamlNode> items(String key, String problem) {
    asked.add(key);
    known.add(path + key);
    YamlNode.Entry entry = mapping.entries().get(key);
    if (entry == null) {
      return List.of();
    }
    if (entry.value() instanceof YamlNode.Sequence list) {
      return list.items();
    }
    throw wrong(key, entry.line(), problem);
  }

  /** Keys with values of any kind of text. */
  SortedMap<String, String> map(String key) {
    asked.add(key);
    SortedMap<String, String> map = new TreeMap<>();
    YamlNode.Entry entry = mapping.entries().get(key);
    if (entry == null) {
      return map;
    }
    if (!(entry.value() instanceof YamlNode.Mapping inner)) {
      throw wrong(key, entry.line(), "takes keys with values, such as {a: b}");
    }
    inner
        .entries()
        .forEach(
            (name, value) -> {
              if (!(value.value() instanceof YamlNode.Scalar scalar)) {
                throw wrong(key + "." + name, value.line(), "takes one value");
              }
              map.put(name, scalar.text());
            });
    return map;
  }

  /** True if the file has the key. */
  boolean has(String key) {
    return mapping.entries().containsKey(key);
  }

  /** A text that may be empty. */
  String anyText(String key, String otherwise) {
    YamlNode.Entry entry = mapping.entries().get(key);
    boolean empty =
        entry != null && entry.value() instanceof YamlNode.Scalar scalar && scalar.text().isEmpty();
    if (empty) {
      asked.add(key);
      known.add(path + key);
      return "";
    }
    return text(key, otherwise);
  }

  /** An error in this section as a whole. */
  ConfigException wrong(String problem) {
    String name = path.isEmpty() ? "" : path.substring(0, path.length() - 1) + ": ";
    return new ConfigException(file + ":" + mapping.line() + ": " + name + problem);
  }

  /** A value that has to be there. */
  <T> T required(String key, Function<String, T> parser) {
    return value(key, Optional.<T>empty(), text -> Optional.of(parser.apply(text)))
        .orElseThrow(() -> wrong(key, mapping.line(), "is missing"));
  }

  /** A value as the file writes it. */
  String text(String key, String otherwise) {
    return value(key, otherwise, text -> text);
  }

  /** True or false. */
  boolean flag(String key, boolean otherwise) {
    return value(
        key,
        otherwise,
        text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default ->
                  throw new IllegalArgumentException("\"" + text + "\" is not true or false");
            });
  }

  /** A whole number. */
  long number(String key, long otherwise, long least, long most) {
    return value(
        key,
        otherwise,
        text -> {
          long number;
          try {
            number = Long.parseLong(text.replace("_", ""));
          } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"" + text + "\" is not a whole number", e);
          }
          if (number < least || number > most) {
            throw new IllegalArgumentException(
                number + " is not between " + least + " and " + most);
          }
          return number;
        });
  }

  /** A whole number that fits an int. */
  int integer(String key, int otherwise, int least, int most) {
    return (int) number(key, otherwise, least, most);
  }

  /** A duration in milliseconds. */
  long millis(String key, long otherwise, long least, long most) {
    return value(
        key,
        otherwise,
        text -> {
          long millis = Durations.parseMillis(text);
          if (millis < least || millis > most) {
            throw new IllegalArgumentException(
                text
                    + " is not between "
                    + Durations.print(least)
                    + " and "
                    + Durations.print(most));
          }
          return millis;
        });
  }

  /** A duration in milliseconds, or a word that stands for 0. */
  long millisOr(String key, String word, long otherwise, long least) {
    return value(
        key,
        otherwise,
        text -> {
          if (text.equals(word)) {
            return 0L;
          }
          long millis = Durations.parseMillis(text);
          if (millis < least) {
            throw new IllegalArgumentException(
                text
                    + " is less than "
                    + Durations.print(least)
                    + " (and not the word "
                    + word
                    + ")");
          }
          return millis;
        });
  }

  /** A size in bytes. */
  long bytes(String key, long otherwise, long least, long most) {
    return value(
        key,
        otherwise,
        text -> {
          long bytes = Sizes.parse(text);
          if (bytes < least || bytes > most) {
            throw new IllegalArgumentException(
                text + " is not between " + Sizes.print(least) + " and " + Sizes.print(most));
          }
          return bytes;
        });
  }

  /** One of the constants of an enum, written in lower case. */
  <E extends Enum<E>> E choice(String key, E otherwise) {
    return value(key, otherwise, text -> choose(otherwise.getDeclaringClass(), text));
  }

  /** A value that some other parser reads; it says what is wrong by IllegalArgumentException. */
  <T extends @Nullable Object> T value(
      String key, T otherwise, Function<String, ? extends T> parser) {
    asked.add(key);
    known.add(path + key);
    YamlNode.Entry entry = mapping.entries().get(key);
    if (entry == null) {
      return otherwise;
    }
    if (!(entry.value() instanceof YamlNode.Scalar scalar)) {
      throw wrong(key, entry.line(), "takes one value");
    }
    if (scalar.text().isEmpty()) {
      throw wrong(key, entry.line(), "has no value; leave the line out to get the default");
    }
    try {
      return parser.apply(scalar.text());
    } catch (IllegalArgumentException e) {
      throw wrong(key, entry.line(), String.valueOf(e.getMessage()));
    }
  }

  /**
   * A list of texts.
   *
   * @param check says by IllegalArgumentException what is wrong with the list
   */
  List<String> texts(String key, Consumer<List<String>> check) {
    List<String> texts = new ArrayList<>();
    for (YamlNode item : items(key, "takes a list, such as [a, b]")) {
      if (!(item instanceof YamlNode.Scalar scalar)) {
        throw wrong(key, item.line(), "takes a list of plain values");
      }
      texts.add(scalar.text().strip());
    }
    try {
      if (has(key)) {
        check.accept(texts);
      }
    } catch (IllegalArgumentException e) {
      throw wrong(key, String.valueOf(e.getMessage()));
    }
    return List.copyOf(texts);
  }

  /** Ends the section: whatever is in it that nobody asked for is an error. */
  void done() {
    for (Map.Entry<String, YamlNode.Entry> entry : mapping.entries().entrySet()) {
      if (!asked.contains(entry.getKey())) {
        throw new ConfigException(
            file
                + ":"
                + entry.getValue().line()
                + ": unknown setting "
                + path
                + entry.getKey()
                + suggestion(entry.getKey()));
      }
    }
  }

  private String suggestion(String key) {
    Map<String, Integer> near = new LinkedHashMap<>();
    for (String candidate : asked) {
      int distance = distance(key, candidate);
      if (distance <= Math.max(2, key.length() / 3)) {
        near.put(candidate, distance);
      }
    }
    List<String> sorted = new ArrayList<>(near.isEmpty() ? asked : near.keySet());
    sorted.sort(
        (a, b) -> {
          int byDistance = Integer.compare(near.getOrDefault(a, 0), near.getOrDefault(b, 0));
          return byDistance != 0 ? byDistance : a.compareTo(b);
        });
    String names = String.join(", ", sorted);
    return near.isEmpty() ? "; known here: " + names : "; did you mean " + names + "?";
  }

  /** Levenshtein's edit distance, hyphens counting as underscores. */
  private static int distance(String a, String b) {
    String x = a.replace('-', '_').toLowerCase(Locale.ROOT);
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= x.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (x.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }

  /** The constant of this name in lower case. */
  static <E extends Enum<E>> E choose(Class<E> type, String text) {
    List<String> names = new ArrayList<>();
    for (E constant : EnumSet.allOf(type)) {
      String name = constant.name().toLowerCase(Locale.ROOT);
      if (name.equals(text)) {
        return constant;
      }
      names.add(name);
    }
    throw new IllegalArgumentException(
        "\"" + text + "\" is not one of " + String.join(", ", names));
  }

  /** An error at a key that the file may have. */
  ConfigException wrong(String key, String problem) {
    YamlNode.Entry entry = mapping.entries().get(key);
    return wrong(key, entry == null ? mapping.line() : entry.line(), problem);
  }

  /** An error at a key. */
  ConfigException wrong(String key, @Nullable Integer line, String problem) {
    return new ConfigException(
        file + (line == null ? "" : ":" + line) + ": " + path + key + ": " + problem);
  }
}
