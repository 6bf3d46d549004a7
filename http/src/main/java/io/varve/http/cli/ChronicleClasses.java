package io.varve.http.cli;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * The class that Chronicle Map otherwise generates and compiles in every process that opens a map:
 * a second or two of the Java compiler's CPU time and tens of megabytes that stay. Chronicle Values
 * looks for the class by name first, so a jar on the class path that holds it spares both.
 */
final class ChronicleClasses {
  private static final String PACKAGE = "net.openhft.chronicle.hash";
  private static final String STATE = PACKAGE + ".VanillaGlobalMutableState";
  private static final String NATIVE = "VanillaGlobalMutableState$$Native";

  private ChronicleClasses() {}

  /**
   * Writes a jar with the class. Needs a JDK (not a JRE) and the flags that Chronicle Map needs.
   *
   * @param jar the file, replaced if it exists
   * @throws IOException if it cannot be generated, compiled or written
   */
  static void write(Path jar) throws IOException {
    String source;
    try {
      Class<?> model = Class.forName("net.openhft.chronicle.values.ValueModel");
      Method acquire = model.getDeclaredMethod("acquire", Class.class);
      acquire.setAccessible(true);
      Method generate =
          Class.forName("net.openhft.chronicle.values.Generators")
              .getDeclaredMethod("generateNativeClass", model, String.class);
      generate.setAccessible(true);
      source = (String) generate.invoke(null, acquire.invoke(null, Class.forName(STATE)), NATIVE);
    } catch (ReflectiveOperationException e) {
      throw new IOException("Chronicle Values does not generate " + NATIVE, e);
    }
    Path folder = Files.createTempDirectory("varve-classes");
    try {
      compile(source, folder);
      pack(folder, jar);
    } finally {
      for (Path path : tree(folder).reversed()) {
        Files.delete(path);
      }
    }
  }

  private static void compile(String source, Path folder) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IOException("this Java has no compiler: a JDK is needed");
    }
    URI name = URI.create("string:///" + PACKAGE.replace('.', '/') + "/" + NATIVE + ".java");
    JavaFileObject file =
        new SimpleJavaFileObject(name, JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
          }
        };
    List<String> options =
        List.of(
            "-nowarn",
            "-proc:none",
            "-cp",
            System.getProperty("java.class.path"),
            "-d",
            folder.toString());
    if (!compiler.getTask(null, null, null, options, null, List.of(file)).call()) {
      throw new IOException(NATIVE + " does not compile");
    }
  }

  private static void pack(Path folder, Path jar) throws IOException {
    Path unfinished = jar.resolveSibling(jar.getFileName() + ".new");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(unfinished))) {
      for (Path path : tree(folder)) {
        if (Files.isRegularFile(path)) {
          out.putNextEntry(new JarEntry(folder.relativize(path).toString().replace('\\', '/')));
          Files.copy(path, out);
          out.closeEntry();
        }
      }
    }
    Files.move(unfinished, jar, StandardCopyOption.REPLACE_EXISTING);
  }

  /** A folder and everything below it, parents before children. */
  private static List<Path> tree(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.toList();
    }
  }
}
