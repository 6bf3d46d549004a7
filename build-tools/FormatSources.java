import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs google-java-format over every Java file of the tree, in source-launcher mode on the JDK that
 * the build selected: {@code --check} names the files that are not formatted and fails, {@code
 * --write} formats them.
 */
final class FormatSources {
  private FormatSources() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 2 || !(args[0].equals("--check") || args[0].equals("--write"))) {
      System.err.println("usage: FormatSources --check|--write FOLDER");
      System.exit(2);
    }
    List<String> command = new ArrayList<>();
    if (args[0].equals("--check")) {
      command.addAll(List.of("--dry-run", "--set-exit-if-changed"));
    } else {
      command.add("--replace");
    }
    int options = command.size();
    collect(Path.of(args[1]), command);
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    int exit = new Main(out, out, System.in).format(command.toArray(new String[0]));
    out.flush();
    if (exit != 0) {
      System.out.println("Not formatted. To format every file: mvn -N -Pformat verify");
      System.exit(1);
    }
    System.out.println((command.size() - options) + " Java files are formatted.");
  }

  private static void collect(Path top, List<String> into) throws IOException {
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            String name = folder.getFileName().toString();
            boolean skip = name.equals("target") || (name.startsWith(".") && !folder.equals(top));
            return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              into.add(file.toString());
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
