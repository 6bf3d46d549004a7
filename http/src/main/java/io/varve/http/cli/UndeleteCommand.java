package io.varve.http.cli;

import io.varve.engine.Engine;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.UndeleteException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve undelete ID}: takes a delete back. */
@Command(
    name = "undelete",
    description = "Takes a delete back; possible until what it hides has left the disk.",
    mixinStandardHelpOptions = true)
final class UndeleteCommand implements Callable<Integer> {
  @Mixin private AdminTarget target = new AdminTarget();

  @Parameters(paramLabel = "ID", description = "As varve delete and varve deletes tell it.")
  private long id;

  @Override
  public Integer call() throws IOException {
    if (target.isFolder()) {
      try (Engine engine = target.open()) {
        engine.undelete(id);
        engine.flush();
      } catch (UndeleteException | StorageStoppedException e) {
        throw new IOException(e.getMessage(), e);
      }
    } else {
      target.post("/api/v1/admin/deletes/" + id + "/undo", Map.of());
    }
    System.out.println("delete " + id + " is undone");
    return 0;
  }
}
