package io.varve.bench.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a bad disk does to the files of a node that does not run. */
final class BitFlips {
  private BitFlips() {}

  /**
   * Flips one bit in a file below a folder.
   *
   * @param of the files that are meant
   * @return what was done, null if there is no such file
   */
  static @Nullable String flip(Path folder, Predicate<Path> of, Random random) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.filter(Files::isRegularFile).filter(of).sorted().toList();
    }
    for (int tries = 0; tries < 20 && !files.isEmpty(); tries++) {
      Path file = files.get(random.nextInt(files.size()));
      long size = used(file);
      if (size > 0) {
        long at = (long) (random.nextDouble() * size);
        int bit = random.nextInt(Byte.SIZE);
        flip(file, at, bit);
        return "bit %d of byte %d of %s (%d bytes)"
            .formatted(bit, at, folder.relativize(file), size);
      }
    }
    return null;
  }

  /** The size of a file without the zeros at its end, which were reserved and not yet written. */
  private static long used(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int size = bytes.length;
    while (size > 0 && bytes[size - 1] == 0) {
      size--;
    }
    return size;
  }

  private static void flip(Path file, long at, int bit) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      one.put(0, (byte) (one.get(0) ^ 1 << bit));
      one.rewind();
      channel.write(one, at);
    }
  }
}
