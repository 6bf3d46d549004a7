package io.varve.http.notify;

import io.varve.http.config.AlertmanagersConfig;
import io.varve.http.config.AlertmanagersConfig.Targets;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.YamlFields;
import io.varve.retention.rules.YamlNode;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.PatternSyntaxException;

/**
 * Files that name Alertmanagers, as Prometheus' file_sd_configs have them. A file that cannot be
 * read counts as it was when it could; one that is gone names nobody. One thread at a time.
 */
final class TargetFiles {
  private static final long MOST_BYTES = 16 << 20;

  private final List<AlertmanagersConfig.Files> configs;
  private final Map<String, List<Targets>> known = new TreeMap<>();
  private Map<String, String> problems = Map.of();

  TargetFiles(List<AlertmanagersConfig.Files> configs) {
    this.configs = configs;
  }

  /** How often to look; 0 if there is nothing to look at. */
  long refreshMillis() {
    return configs.stream().mapToLong(AlertmanagersConfig.Files::refreshMillis).min().orElse(0);
  }

  /** What the files name now. */
  List<Targets> read() {
    problems = new TreeMap<>();
    SortedSet<String> paths = new TreeSet<>();
    for (AlertmanagersConfig.Files config : configs) {
      config.patterns().forEach(pattern -> paths.addAll(matching(pattern)));
    }
    known.keySet().retainAll(paths);
    for (String path : paths) {
      try {
        known.put(path, read(Path.of(path)));
      } catch (NoSuchFileException e) {
        known.remove(path);
      } catch (IOException | RuleException e) {
        problems.put(path, String.valueOf(e.getMessage()));
      }
    }
    return known.values().stream().flatMap(List::stream).toList();
  }

  /** Files that cannot be read as they were read last, with the reason. */
  Map<String, String> problems() {
    return problems;
  }

  private List<String> matching(String pattern) {
    Path path = Path.of(pattern);
    String name = String.valueOf(path.getFileName());
    if (!name.contains("*") && !name.contains("?")) {
      return List.of(pattern);
    }
    List<String> found = new ArrayList<>();
    Path folder = path.getParent();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(folder == null ? Path.of("") : folder, name)) {
      files.forEach(file -> found.add(file.toString()));
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException | DirectoryIteratorException | PatternSyntaxException e) {
      problems.put(pattern, "cannot be listed: " + e);
    }
    return found;
  }

  /** JSON is YAML but for its tabs. */
  private static YamlNode parse(Path file) throws IOException {
    String text;
    try {
      text = Files.readString(file);
    } catch (MalformedInputException e) {
      throw new IOException("not UTF-8 text", e);
    }
    boolean json = file.toString().toLowerCase(Locale.ROOT).endsWith(".json");
    return YamlNode.read(json ? text.replace('\t', ' ') : text);
  }

  private static List<Targets> read(Path file) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new IOException("larger than " + (MOST_BYTES >> 20) + " MiB");
    }
    YamlNode top = parse(file);
    if (!(top instanceof YamlNode.Sequence groups)) {
      if (top instanceof YamlNode.Mapping mapping && mapping.entries().isEmpty()) {
        return List.of(); // an empty file
      }
      throw new IOException("line " + top.line() + ": expected a list of {targets, labels}");
    }
    List<Targets> all = new ArrayList<>();
    for (YamlNode node : groups.items()) {
      YamlFields group = new YamlFields(node, "a group of targets");
      List<String> addresses = group.texts("targets");
      for (String address : addresses) {
        try {
          AlertmanagersConfig.checkAddress(address);
        } catch (IllegalArgumentException e) {
          throw new IOException("line " + group.line() + ": " + e.getMessage(), e);
        }
      }
      all.add(new Targets(addresses, group.map("labels")));
      group.done();
    }
    return all;
  }
}
