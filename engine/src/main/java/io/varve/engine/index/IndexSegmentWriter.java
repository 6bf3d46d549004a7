package io.varve.engine.index;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.FileHeader;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFile;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Writes segments of a window's index. */
public final class IndexSegmentWriter {
  private IndexSegmentWriter() {}

  /**
   * Writes the series {@code 0 … count − 1} of a source as window ids {@code firstId, firstId + 1,
   * …}: temporary file, fsync, rename, fsync of the folder. The source is asked for each number in
   * ascending order, and its array only read until the next number is asked for, so it may decode
   * as it goes. The same series give the same bytes.
   *
   * @param relativePath where the file goes, relative to the data folder; the folder exists
   * @param series series in file order ({@link SeriesOrder}): those of a tenant stand together,
   *     tenants in ascending order of their UTF-8 bytes
   * @throws IllegalArgumentException if tenants are out of order or label bytes are not canonical;
   *     nothing is left behind
   * @throws IOException if the file could not be written whole; nothing is left behind but, at
   *     worst, a temporary file, which the next attempt replaces
   */
  public static IndexSegmentFile write(
      FileSystem fs,
      Path dataDir,
      String relativePath,
      IndexSegmentId id,
      LabelSource series,
      int count)
      throws IOException {
    try (StagedFiles alone = new StagedFiles(fs, 1)) {
      IndexSegmentFile written = write(fs, alone, dataDir, relativePath, id, series, count);
      alone.settle();
      return written;
    }
  }

  /**
   * The same, but the file is handed over: it is durable and has its name when {@code into} is
   * settled.
   */
  public static IndexSegmentFile write(
      FileSystem fs,
      StagedFiles into,
      Path dataDir,
      String relativePath,
      IndexSegmentId id,
      LabelSource series,
      int count)
      throws IOException {
    if (count < 0 || count > Integer.MAX_VALUE - id.firstId()) {
      throw new IllegalArgumentException(count + " series from id " + id.firstId() + " on");
    }
    StagedFile file = StagedFile.create(fs, dataDir.resolve(relativePath));
    boolean done = false;
    try {
      PageWriter pages = new PageWriter(file.out());
      writeBody(pages, id, series, count);
      IndexSegmentFile written =
          new IndexSegmentFile(
              relativePath, file.out().size(), pages.sha256(), id.firstId(), count);
      into.add(file);
      done = true;
      return written;
    } finally {
      if (!done) {
        closeQuietly(file);
      }
    }
  }

  private static void writeBody(PageWriter pages, IndexSegmentId id, LabelSource series, int count)
      throws IOException {
    ByteWriter header = new ByteWriter(SegmentFormat.HEADER_BYTES);
    // Replicas build the same bytes, so the file is not bound to one store's folder.
    new FileHeader(SegmentFormat.NAME, SegmentFormat.VERSION, 0, id.number()).write(header);
    header.fixed64(id.windowStart());
    header.fixed64(id.windowMillis());
    header.fixed64(id.generation());
    header.fixed32(id.number());
    header.fixed32(id.firstId());
    header.fixed32(count);
    header.fixed32(0);
    pages.write(header);
    ByteWriter tenants = new ByteWriter(SegmentFormat.TENANT_BYTES);
    @Nullable TenantWriter section = null;
    String tenant = "";
    for (int i = 0; i < count; i++) {
      String name = series.tenant(i);
      if (section == null || !name.equals(tenant)) {
        if (section != null) {
          if (Labels.compareUtf8(tenant, name) >= 0) {
            throw new IllegalArgumentException(
                "tenant '" + name + "' comes after '" + tenant + "'");
          }
          finish(section, id.firstId() + i - section.count(), pages, tenants);
        }
        tenant = name;
        section = new TenantWriter(name, id.firstId() + i);
      }
      section.add(series.array(i), series.offset(i), series.length(i));
    }
    if (section != null) {
      finish(section, id.firstId() + count - section.count(), pages, tenants);
    }
    long tenantTable = pages.position();
    pages.write(tenants);
    pages.finish(tenantTable);
  }

  private static void finish(
      TenantWriter section, int firstId, PageWriter pages, ByteWriter tenants) throws IOException {
    tenants.fixed64(pages.position());
    tenants.fixed32(firstId);
    tenants.fixed32(section.count());
    section.finish(pages);
  }

  private static void closeQuietly(StagedFile file) {
    try {
      file.close();
    } catch (IOException e) {
      // The first failure is the one to report; the next attempt deletes the file before it begins.
      return;
    }
  }
}
