package io.varve.retention.chunkstore;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/**
 * Objects as files below a folder: on another disk, or on a network file system. An object is
 * written under a name that no object can have, synced, and renamed.
 */
public final class FolderChunkStore implements ChunkStore {
  private static final int BUFFER_BYTES = 1 << 17;
  private static final String UNFINISHED = ".put-";

  private final FileSystem fs = RealFileSystem.INSTANCE;
  private final Path folder;

  /** Objects below this folder, which is created with the first of them. */
  public FolderChunkStore(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
  }

  @Override
  public void put(String name, Source source) throws IOException {
    Path target = path(name);
    Path parent = target.getParent();
    if (parent == null) {
      throw new IOException(target + " has no folder");
    }
    fs.createDirectories(parent);
    Path unfinished = parent.resolve(UNFINISHED + UUID.randomUUID());
    try {
      try (InputStream in = source.open();
          FileSystem.AppendFile out = fs.create(unfinished)) {
        long expected = source.bytes();
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          out.write(buffer, 0, n);
        }
        if (out.size() != expected) {
          throw new IOException(name + " is of " + out.size() + " bytes, not " + expected);
        }
        out.sync();
      }
      fs.rename(unfinished, target);
      fs.syncDirectory(parent);
    } catch (IOException | RuntimeException e) {
      try {
        fs.delete(unfinished);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  @Override
  public InputStream get(String name, long offset, long length) throws IOException {
    Path path = path(name);
    if (!Files.isRegularFile(path)) {
      throw new NoSuchFileException(name);
    }
    InputStream in = Files.newInputStream(path);
    try {
      in.skipNBytes(Math.min(offset, Files.size(path)));
      return new BoundedStream(in, length);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  @Override
  public List<Item> list(String prefix) throws IOException {
    // Only the part up to the last slash is a folder.
    String whole = prefix.substring(0, prefix.lastIndexOf('/') + 1);
    Path start = whole.isEmpty() ? folder : path(whole.substring(0, whole.length() - 1));
    List<Item> items = new ArrayList<>();
    try {
      gather(start, whole, prefix, items);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    items.sort(Comparator.comparing(Item::name));
    return items;
  }

  private static void gather(Path folder, String path, String prefix, List<Item> items)
      throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        String name = path + entry.getFileName();
        if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
          String below = name + "/";
          if (below.startsWith(prefix) || prefix.startsWith(below)) {
            gather(entry, below, prefix, items);
          }
        } else if (name.startsWith(prefix) && NAME.matcher(name).matches()) {
          long bytes = sizeIfThere(entry);
          if (bytes >= 0) {
            items.add(new Item(name, bytes));
          }
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return; // nothing was stored there yet
    }
  }

  /** −1 of what was deleted meanwhile. */
  private static long sizeIfThere(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return -1;
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Path path = path(name);
    fs.delete(path);
    Path parent = path.getParent();
    if (parent != null && fs.exists(parent)) {
      fs.syncDirectory(parent);
    }
  }

  @Override
  public String place() {
    return folder.toString();
  }

  @Override
  public long retries() {
    return 0;
  }

  @Override
  public void close() {
    // nothing is open
  }

  private Path path(String name) {
    return folder.resolve(ChunkStore.checkedName(name));
  }
}
