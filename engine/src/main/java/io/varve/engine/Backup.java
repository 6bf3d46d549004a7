package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A second data folder with the state of one moment: finished files get a second name (a hard link,
 * or a copy where that is not possible), the log's last segment is copied, and a new manifest names
 * them. It is what a power cut at that moment would have left, so an engine opens it by ordinary
 * recovery. The registry is not part of it: it is rebuilt from the files.
 *
 * <p>While it is made, nobody changes the folder: the caller holds back background work during
 * {@link #linkFiles} and {@link #finish}, and appends during {@link #copyLog}.
 */
final class Backup {
  private static final int BUFFER_BYTES = 1 << 18;

  private final FileSystem fs;
  private final Path from;
  private final Path to;
  private final Set<Path> made = new LinkedHashSet<>();
  private final Set<Path> folders = new LinkedHashSet<>();

  /**
   * Into a folder that does not exist.
   *
   * @throws IOException if it does
   */
  Backup(FileSystem fs, Path from, Path to) throws IOException {
    this.fs = fs;
    this.from = from;
    this.to = to;
    if (fs.exists(to)) {
      throw new IOException(to + " exists already");
    }
    folder(to);
  }

  /** Everything that the manifest names. */
  void linkFiles(ManifestState state) throws IOException {
    for (NamedFiles.Named file : NamedFiles.of(state)) {
      link(Path.of(file.path()));
    }
  }

  /** The log, which the caller has synced. Only its last segment may still grow. */
  void copyLog(Path logFolder) throws IOException {
    List<Path> segments = fs.list(from.resolve(logFolder));
    folder(to.resolve(logFolder));
    for (int i = 0; i < segments.size(); i++) {
      Path name = logFolder.resolve(segments.get(i).getFileName());
      if (i < segments.size() - 1) {
        link(name);
      } else {
        copy(name);
      }
    }
  }

  /** Makes it durable, and with the manifest a store. */
  void finish(ManifestState state) throws IOException {
    for (Path folder : folders) {
      fs.syncDirectory(folder);
    }
    Manifest.create(fs, to, state);
  }

  /** Takes back what was made of a backup that cannot be finished. */
  void abandon() throws IOException {
    for (Path file : made) {
      fs.delete(file);
    }
    for (Path folder : List.copyOf(folders).reversed()) {
      if (fs.list(folder).isEmpty()) {
        fs.deleteDirectory(folder);
      }
    }
  }

  private void link(Path name) throws IOException {
    Path target = target(name);
    fs.link(from.resolve(name), target);
  }

  private void copy(Path name) throws IOException {
    Path target = target(name);
    byte[] buffer = new byte[BUFFER_BYTES];
    try (FileSystem.ReadFile in = fs.open(from.resolve(name));
        FileSystem.AppendFile out = fs.create(target)) {
      for (long at = 0; at < in.size(); ) {
        int part = (int) Math.min(buffer.length, in.size() - at);
        in.readFully(at, buffer, 0, part);
        out.write(buffer, 0, part);
        at += part;
      }
      out.sync();
    }
  }

  private Path target(Path name) throws IOException {
    Path target = to.resolve(name);
    Path parent = target.getParent();
    if (parent != null) {
      folder(parent);
    }
    made.add(target);
    return target;
  }

  /** Remembers the folders that are made, outer ones first. */
  private void folder(Path folder) throws IOException {
    if (folders.contains(folder)) {
      return;
    }
    Path parent = folder.getParent();
    if (!folder.equals(to) && parent != null) {
      folder(parent);
    }
    fs.createDirectories(folder);
    folders.add(folder);
  }
}
