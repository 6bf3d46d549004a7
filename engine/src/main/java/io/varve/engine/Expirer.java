package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.TombstoneFile;
import io.varve.engine.partition.Tombstones;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * Finds what an {@link Expiry} does to the files: windows of which nothing is left go as they are,
 * files of which nothing is left go, and of the others the series that went are written down as
 * deleted, for the next merge. No sample is read or written.
 */
final class Expirer {
  private final FileSystem fs;
  private final Path dataDir;
  private final DamageLog damage;

  Expirer(FileSystem fs, Path dataDir, DamageLog damage) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.damage = damage;
  }

  /**
   * What is to be done to one window.
   *
   * @param isWhole true if the window goes as a whole
   * @param files chunk files that go
   * @param series series that go and are not deleted yet, by window id
   * @param rest true if some of them have rows in files that stay
   */
  record Loss(
      WindowView window,
      boolean isWhole,
      List<ChunkFile> files,
      RoaringBitmap series,
      boolean rest) {}

  /** What an expiry does, oldest window first; windows to which it does nothing are left out. */
  static List<Loss> losses(Collection<WindowView> windows, Expiry expiry, DamageLog damage) {
    List<Loss> losses = new ArrayList<>();
    for (WindowView window : windows) {
      if (window.end() <= expiry.latestHorizon()) {
        Loss loss = loss(window, expiry, damage);
        if (loss.isWhole() || !loss.files().isEmpty() || !loss.series().isEmpty()) {
          losses.add(loss);
        }
      }
    }
    return losses;
  }

  private static Loss loss(WindowView window, Expiry expiry, DamageLog damage) {
    List<ChunkFile> all = new ArrayList<>(window.state().chunks());
    if (window.end() <= expiry.earliestHorizon()) {
      return new Loss(window, true, all, new RoaringBitmap(), false);
    }
    RoaringBitmap gone =
        RetentionClasses.of(window, expiry.policy(), damage).goneAt(window.end(), expiry);
    List<ChunkFile> files = new ArrayList<>();
    boolean rest = false;
    if (!gone.isEmpty()) {
      for (Shared<ChunkReader> resource : window.chunks()) {
        ChunkReader chunk = resource.get();
        int rows = chunk.seriesCount();
        int expired = 0;
        for (int row = 0; row < rows; row++) {
          expired += gone.contains(chunk.windowIdAt(row)) ? 1 : 0;
        }
        if (rows > 0 && expired == rows) {
          files.add(chunk.file());
        } else {
          rest |= expired > 0;
        }
      }
    }
    gone.andNot(window.gone());
    return new Loss(window, files.size() == all.size() && !all.isEmpty(), files, gone, rest);
  }

  /** Carries a loss into an edit; the tombstones of the window are written. */
  void apply(Loss loss, long position, ManifestEdit edit) throws IOException {
    WindowView window = loss.window();
    if (loss.isWhole()) {
      edit.dropWindow(window.start());
      return;
    }
    loss.files().forEach(edit::removeChunk);
    if (loss.series().isEmpty()) {
      return;
    }
    Tombstones next =
        window
            .tombstones()
            .with(new Tombstone(loss.series(), window.start(), window.end(), position));
    String folder = ChunkInfo.windowFolder(window.start());
    fs.delete(dataDir.resolve(folder).resolve(TombstoneFile.fileName(position)));
    edit.tombstones(window.start(), TombstoneFile.write(fs, dataDir, folder, position, next));
  }

  List<Loss> losses(Collection<WindowView> windows, Expiry expiry) {
    return losses(windows, expiry, damage);
  }
}
