package io.varve.http;

import io.varve.http.api.WriteHandler;
import io.varve.http.cluster.WriteSpool;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Ingestor;
import io.varve.ingest.Tenants;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Bodies that are read here, so that their sender hears at once what is wrong with them, and then
 * kept as they came until the cluster has them.
 *
 * @param format of the bodies
 * @param path that they are sent to
 * @param reader reads them and stores nothing
 * @param spool keeps them
 */
record SpooledFormat(
    WriteHandler.Format format, String path, Supplier<Ingestor> reader, WriteSpool spool)
    implements WriteHandler.Format {
  private static final int RETRY_SECONDS = 5;

  @Override
  public IngestOutcome write(
      Ingestor ingestor,
      byte[] body,
      int offset,
      int length,
      @Nullable String contentType,
      @Nullable String contentEncoding,
      @Nullable String tenant) {
    IngestOutcome read =
        format.write(reader.get(), body, offset, length, contentType, contentEncoding, tenant);
    if (read.position() >= 0) {
      Map<String, String> headers = new LinkedHashMap<>();
      put(headers, "Content-Type", contentType);
      put(headers, "Content-Encoding", contentEncoding);
      put(headers, Tenants.HEADER, tenant);
      try {
        spool.put(path, headers, body, offset, length);
      } catch (IOException e) {
        return IngestOutcome.refused(503, String.valueOf(e.getMessage()), RETRY_SECONDS);
      }
    }
    return read;
  }

  private static void put(Map<String, String> headers, String name, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      headers.put(name, value);
    }
  }
}
