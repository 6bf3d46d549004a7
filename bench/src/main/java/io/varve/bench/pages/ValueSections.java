package io.varve.bench.pages;

import io.varve.bench.workload.Capture;
import io.varve.bench.workload.RemoteWriteBodies;
import io.varve.bench.workload.RemoteWriteBodies.Body;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.WindowState;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Ingestor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * The encoded values of a fleet's series as they stand in merged chunk files.
 *
 * @param sections the VALUES section of each file
 * @param fileBytes sizes of the files, added up
 * @param decodeNanos what it took to decode every block once, times included
 */
record ValueSections(
    List<byte[]> sections, long samples, long blocks, long fileBytes, long decodeNanos) {
  /** Where VALUES begins in a chunk file (package io.varve.engine.partition). */
  private static final int VALUES_OFFSET = 64;

  private static final int SAMPLES_PER_REQUEST = 5000;
  private static final long FLUSH_MILLIS = 7_200_000;
  private static final int ROUNDS = 5;

  /** A UTC midnight, so that a day of samples is one window. */
  private static final long START = 1_790_035_200_000L;

  /** Encoded bytes of all values. */
  long bytes() {
    return sections.stream().mapToLong(section -> section.length).sum();
  }

  /** Replays a recording once into an engine, merges all, and reads what is in the files. */
  static ValueSections of(Capture capture, int hosts, int intervalSeconds, Path folder)
      throws IOException {
    long interval = intervalSeconds * 1000L;
    int steps = (int) (capture.rows() * capture.stepSeconds() * 1000 / interval);
    RemoteWriteBodies bodies =
        new RemoteWriteBodies(
            capture,
            new RemoteWriteBodies.Fleet(hosts, interval, START + 1000, 2, SAMPLES_PER_REQUEST));
    InstantSource clock = InstantSource.fixed(Instant.ofEpochMilli(START + steps * interval));
    EngineConfig config =
        EngineConfig.defaults(folder)
            .withFsync(FsyncPolicy.OS)
            .withClock(clock)
            .withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      Ingestor ingestor =
          new Ingestor(engine.seriesLookup(), engine::append, IngestLimits.DEFAULT, clock);
      for (int step = 0; step < steps; step++) {
        bodies.step(step, body -> write(ingestor, body));
        if ((step + 1) * interval % FLUSH_MILLIS == 0) {
          engine.flush();
        }
      }
      Body last = bodies.last(true);
      if (last != null) {
        write(ingestor, last);
      }
      engine.mergeAll();
    }
    return read(folder);
  }

  private static void write(Ingestor ingestor, Body body) {
    IngestOutcome outcome =
        ingestor.write(
            body.bytes(), 0, body.bytes().length, "application/x-protobuf", "snappy", null);
    if (outcome.status() >= 300) {
      throw new IllegalStateException("a body was refused: " + outcome);
    }
  }

  private static ValueSections read(Path folder) throws IOException {
    List<byte[]> sections = new ArrayList<>();
    long samples = 0;
    long blocks = 0;
    long fileBytes = 0;
    long[] rounds = new long[ROUNDS];
    for (WindowState window : Manifest.read(RealFileSystem.INSTANCE, folder).windows().values()) {
      for (ChunkFile file : window.chunks()) {
        try (Arena arena = Arena.ofConfined();
            ChunkReader reader = ChunkReader.open(RealFileSystem.INSTANCE, folder, file, arena)) {
          int length = 0;
          for (int block = 0; block < reader.blockCount(); block++) {
            length += reader.bytes(block);
          }
          byte[] values = new byte[length];
          try (RandomAccessFile bytes =
              new RandomAccessFile(folder.resolve(file.path()).toFile(), "r")) {
            bytes.seek(VALUES_OFFSET);
            bytes.readFully(values);
          }
          sections.add(values);
          samples += file.samples();
          blocks += file.blocks();
          fileBytes += file.bytes();
          for (int round = 0; round < ROUNDS; round++) {
            rounds[round] += decode(reader);
          }
        }
      }
    }
    long quickest = Long.MAX_VALUE;
    for (long nanos : rounds) {
      quickest = Math.min(quickest, nanos);
    }
    return new ValueSections(List.copyOf(sections), samples, blocks, fileBytes, quickest);
  }

  private static long decode(ChunkReader reader) {
    SampleColumns rows = new SampleColumns();
    ChunkScratch scratch = new ChunkScratch();
    long begin = System.nanoTime();
    for (int block = 0; block < reader.blockCount(); block++) {
      rows.clear();
      reader.read(block, rows, scratch);
    }
    return System.nanoTime() - begin;
  }
}
