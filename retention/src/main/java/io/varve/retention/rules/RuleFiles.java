package io.varve.retention.rules;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.PatternSyntaxException;

/** The files of rules that a server is told. */
public final class RuleFiles {
  private static final long MOST_BYTES = 64 << 20;

  private RuleFiles() {}

  /**
   * A file that was read and checked.
   *
   * @param path as it is told of
   */
  public record Loaded(String path, RuleFile file) {}

  /**
   * A file that was read.
   *
   * @param tenant of all its groups; "" if the groups say it themselves
   * @param path as it is told of
   */
  public record Text(String tenant, String path, String text) {}

  /**
   * Files, and for whom they are.
   *
   * @param tenant of all their groups; "" if the groups say it themselves
   * @param patterns paths; in the last part, {@code *} stands for any text and {@code ?} for any
   *     character. Such a pattern may name no file at all; a plain path must be a file
   */
  public record Source(String tenant, List<String> patterns) {}

  /**
   * Reads and checks all files of some sources.
   *
   * @param evaluator checks the expressions
   * @return the files in the order of tenants and paths
   * @throws RuleException if one cannot be read or is wrong: a line for each problem, the path
   *     before it
   */
  public static List<Loaded> load(List<Source> sources, Evaluator evaluator) {
    List<String> problems = new ArrayList<>();
    List<Loaded> files = parse(texts(sources, problems), evaluator, problems);
    refuseIf(problems);
    return files;
  }

  /**
   * Reads all files of some sources, and checks nothing in them.
   *
   * @return in the order of tenants and paths
   * @throws RuleException if one cannot be read
   */
  public static List<Text> texts(List<Source> sources) {
    List<String> problems = new ArrayList<>();
    List<Text> texts = texts(sources, problems);
    refuseIf(problems);
    return texts;
  }

  /**
   * Checks files that were read.
   *
   * @throws RuleException if one is wrong, as {@link #load} does
   */
  public static List<Loaded> parse(List<Text> texts, Evaluator evaluator) {
    List<String> problems = new ArrayList<>();
    List<Loaded> files = parse(texts, evaluator, problems);
    refuseIf(problems);
    return files;
  }

  private static void refuseIf(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new RuleException(String.join("\n", problems));
    }
  }

  private static List<Text> texts(List<Source> sources, List<String> problems) {
    SortedMap<String, SortedSet<String>> pathsByTenant = new TreeMap<>();
    for (Source source : sources) {
      SortedSet<String> paths =
          pathsByTenant.computeIfAbsent(source.tenant, tenant -> new TreeSet<>());
      for (String pattern : source.patterns) {
        try {
          paths.addAll(matching(pattern));
        } catch (RuleException e) {
          problems.add(pattern + ": " + e.getMessage());
        }
      }
    }
    List<Text> texts = new ArrayList<>();
    pathsByTenant.forEach(
        (tenant, paths) -> {
          for (String path : paths) {
            try {
              texts.add(new Text(tenant, path, text(Path.of(path))));
            } catch (RuleException e) {
              tell(path, e, problems);
            }
          }
        });
    return texts;
  }

  private static List<Loaded> parse(List<Text> texts, Evaluator evaluator, List<String> problems) {
    List<Loaded> files = new ArrayList<>();
    for (Text text : texts) {
      try {
        RuleFile file = RuleFile.parse(text.text, evaluator, false);
        files.add(
            new Loaded(text.path, text.tenant.isEmpty() ? file : file.forTenant(text.tenant)));
      } catch (RuleException e) {
        tell(text.path, e, problems);
      }
    }
    return files;
  }

  private static void tell(String path, RuleException e, List<String> problems) {
    String.valueOf(e.getMessage()).lines().forEach(line -> problems.add(path + ": " + line));
  }

  private static List<String> matching(String pattern) {
    Path path = Path.of(pattern);
    String name = String.valueOf(path.getFileName());
    Path folder = path.getParent();
    if (folder != null && isPattern(folder.toString())) {
      throw new RuleException("only the last part of a path may have wildcards");
    }
    if (!isPattern(name)) {
      return List.of(pattern);
    }
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(folder == null ? Path.of("") : folder, name)) {
      for (Path file : files) {
        if (!Files.isDirectory(file)) {
          found.add(file.toString());
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (PatternSyntaxException e) {
      throw new RuleException(e.getDescription());
    } catch (IOException e) {
      throw new RuleException("cannot be listed: " + e.getMessage());
    }
    return found;
  }

  private static boolean isPattern(String text) {
    return text.chars().anyMatch(c -> "*?[{".indexOf(c) >= 0);
  }

  /**
   * The text of a file of rules.
   *
   * @throws RuleException if it cannot be read; the message says why, without the path
   */
  public static String text(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new RuleException("a folder, not a file");
      }
      if (Files.size(file) > MOST_BYTES) {
        throw new RuleException("larger than " + (MOST_BYTES >> 20) + " MiB");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new RuleException("no such file");
    } catch (AccessDeniedException e) {
      throw new RuleException("permission denied");
    } catch (MalformedInputException e) {
      throw new RuleException("not UTF-8 text");
    } catch (IOException e) {
      throw new RuleException("cannot be read: " + e.getMessage());
    }
  }
}
