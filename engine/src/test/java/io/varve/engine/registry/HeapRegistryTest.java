package io.varve.engine.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Metadata;
import org.junit.jupiter.api.Test;

/** The registry on the heap keeps the contract and its bound. */
final class HeapRegistryTest extends RegistryContract {
  @Override
  protected Registry create() {
    return Registry.open(RealFileSystem.INSTANCE, folder, false, warnings::add);
  }

  @Test
  void aFullRegistryForgetsNewNamesAndKeepsKnownOnes() {
    HeapRegistry registry = new HeapRegistry(2);
    registry.written("", "a", 1);
    registry.addUsage("", 1, 1);
    registry.written("", "b", 1);
    registry.addUsage("t", 1, 1);
    registry.putMetadata("", "a", new Metadata("gauge", "", ""));
    registry.addUsage("", 1, 1);
    assertThat(registry.entries()).isEqualTo(2);
    assertThat(registry.forgotten()).isEqualTo(2);
    assertThat(registry.metadataOf("")).hasSize(1);
    assertThat(registry.usage("").samples()).isEqualTo(2);
    assertThat(warnings).isEmpty();
  }
}
