package io.varve.bench.cluster;

import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** All operations of a run, in the order in which they ended. Any thread may add. */
final class History {
  private final List<Operation> operations = new ArrayList<>();

  synchronized void add(Operation operation) {
    operations.add(operation);
  }

  /** What has ended so far. */
  synchronized List<Operation> operations() {
    return List.copyOf(operations);
  }

  /** Writes all operations as lines of text, times in microseconds from a start. */
  void write(Path file, long startNanos) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (Operation operation : operations()) {
        out.write(line(operation, startNanos));
        out.newLine();
      }
    }
  }

  /** An operation as a line. */
  static String line(Operation operation, long startNanos) {
    StringBuilder line = new StringBuilder();
    line.append((operation.invoked() - startNanos) / 1000)
        .append(' ')
        .append((operation.completed() - startNanos) / 1000)
        .append(" client ")
        .append(operation.client())
        .append(" node ")
        .append(operation.node() + 1)
        .append(' ');
    switch (operation) {
      case Write write ->
          line.append("write ")
              .append(write.status())
              .append(' ')
              .append(write.runs())
              .append(" at ")
              .append(write.position());
      case Read read -> {
        line.append(read.level()).append(' ').append(read.status());
        Write fence = read.fence();
        if (fence != null) {
          line.append(" after ").append(fence.position());
        }
        if (!read.complete()) {
          line.append(" incomplete");
        }
        for (Operation.Found found : read.found()) {
          line.append(' ').append(found.run()).append(':').append(found.numbers().cardinality());
        }
      }
    }
    return line.toString();
  }
}
