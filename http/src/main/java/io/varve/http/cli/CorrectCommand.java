package io.varve.http.cli;

import io.varve.engine.Engine;
import io.varve.engine.LimitExceededException;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.WriteResult;
import io.varve.engine.model.WriteBatch;
import io.varve.http.api.SampleLines;
import io.varve.http.api.SampleLines.Limits;
import io.varve.ingest.IngestLimits;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve correct FILE}: overwrites stored samples. */
@Command(
    name = "correct",
    description = {
      "Stores samples in place of those that the same series have at the same times, whatever the"
          + " duplicate policy.",
      "Each line of the file is: metric{label=\"value\"} value timestamp-in-milliseconds."
    },
    mixinStandardHelpOptions = true)
final class CorrectCommand implements Callable<Integer> {
  /** Characters that are sent at a time, about: below the server's limit of a body. */
  private static final int PART = 4 << 20;

  private static final Pattern LINE = Pattern.compile("line ([0-9]+)");

  @Mixin private AdminTarget target = new AdminTarget();

  @Parameters(paramLabel = "FILE", description = "The samples; - reads standard input.")
  private @Nullable Path file;

  private long samples;

  @Override
  public Integer call() throws IOException {
    Path path = Folders.required(file);
    try (BufferedReader in =
        path.toString().equals("-")
            ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
            : Files.newBufferedReader(path)) {
      if (target.isFolder()) {
        try (Engine engine = target.open()) {
          send(in, engine);
          engine.flush();
        } catch (StorageStoppedException | LimitExceededException e) {
          throw new IOException(e.getMessage(), e);
        }
      } else {
        send(in, null);
      }
    }
    System.out.printf("%,d samples corrected%n", samples);
    return 0;
  }

  private void send(BufferedReader in, @Nullable Engine engine) throws IOException {
    StringBuilder part = new StringBuilder();
    long firstLine = 1;
    long line = 0;
    for (String text = in.readLine(); text != null; text = in.readLine()) {
      line++;
      part.append(text).append('\n');
      if (part.length() >= PART) {
        send(part.toString(), firstLine, engine);
        part.setLength(0);
        firstLine = line + 1;
      }
    }
    if (!part.isEmpty()) {
      send(part.toString(), firstLine, engine);
    }
  }

  /** With the number that a line has in the whole input, of which this is a part. */
  private static String inFile(String problem, long firstLine) {
    Matcher line = LINE.matcher(problem);
    return line.lookingAt()
        ? "line " + (firstLine - 1 + Long.parseLong(line.group(1))) + problem.substring(line.end())
        : problem;
  }

  /** Reads the lines here first, so that nothing of a part with a wrong line is sent. */
  private void send(String part, long firstLine, @Nullable Engine engine) throws IOException {
    WriteBatch batch;
    try {
      batch =
          SampleLines.read(
              part,
              target.tenant(),
              engine == null // the server knows its own limits
                  ? null
                  : Limits.of(IngestLimits.DEFAULT, System.currentTimeMillis()));
    } catch (IllegalArgumentException e) {
      throw new IOException(inFile(String.valueOf(e.getMessage()), firstLine) + stored(), e);
    }
    if (batch.sampleCount == 0) {
      return;
    }
    if (engine == null) {
      post(part, firstLine);
    } else {
      WriteResult result = engine.correct(batch);
      if (!result.complete()) {
        throw new IOException(String.join("; ", result.problems()) + stored());
      }
    }
    samples += batch.sampleCount;
  }

  private void post(String part, long firstLine) throws IOException {
    try {
      target.post("/api/v1/admin/correct", part);
    } catch (IOException e) {
      throw new IOException(inFile(String.valueOf(e.getMessage()), firstLine) + stored(), e);
    }
  }

  private String stored() {
    return samples == 0 ? "" : "; " + samples + " samples before it are corrected";
  }
}
