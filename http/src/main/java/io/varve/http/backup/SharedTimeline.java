package io.varve.http.backup;

import io.varve.engine.Engine;
import io.varve.engine.io.RealFileSystem;
import io.varve.retention.backup.RestoredTo;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Of a cluster: a setting that the nodes have in common, so that whichever leads goes on with the
 * archive. It comes with the store, so also with one that was restored, whose log goes on otherwise
 * than what is archived: there it holds from the first one on that was begun behind.
 */
final class SharedTimeline implements Timelines {
  private static final String NAME = "log-archive";

  private final Engine engine;

  SharedTimeline(Engine engine) {
    this.engine = engine;
  }

  @Override
  public @Nullable Timeline read() throws IOException {
    String text = engine.sharedSettings().get(NAME);
    Timeline found = text == null ? null : Timeline.parse(text);
    return found != null
            && found.position()
                >= RestoredTo.read(RealFileSystem.INSTANCE, engine.folder()).position()
        ? found
        : null;
  }

  /**
   * Tells all nodes.
   *
   * @throws io.varve.engine.StorageStoppedException if this one does not lead
   */
  @Override
  public void write(Timeline timeline) {
    engine.share(NAME, timeline.text());
  }

  @Override
  public void delete() {
    if (engine.replica().leads() && engine.sharedSettings().containsKey(NAME)) {
      engine.share(NAME, null);
    }
  }
}
