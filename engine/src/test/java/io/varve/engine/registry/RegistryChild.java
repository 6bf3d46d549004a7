package io.varve.engine.registry;

import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Metadata;
import java.io.IOException;
import java.nio.file.Path;

/** A process of its own that opens a registry: to be killed, or to be started without flags. */
final class RegistryChild {
  private RegistryChild() {}

  /** Arguments: the folder, and the number of metrics to put in before waiting to be killed. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) throws IOException {
    try (Registry registry =
        Registry.open(
            RealFileSystem.INSTANCE,
            Path.of(args[0]),
            true,
            warning -> System.out.println("warning " + warning))) {
      System.out.println("kind " + registry.getClass().getSimpleName());
      int count = Integer.parseInt(args[1]);
      for (int i = 0; i < count; i++) {
        registry.putMetadata("t", "metric" + i, new Metadata("gauge", "", "number " + i));
        registry.written("t", "metric" + i, i);
      }
      long entries = registry.entries();
      for (int waited = 0; entries < count && waited < 60; waited++) {
        entries = registry.entries();
      }
      System.out.println("entries " + entries);
      System.out.flush();
      if (count > 0 && System.in.read() < 0) {
        System.out.println("not killed");
      }
    }
  }
}
