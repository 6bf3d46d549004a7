package io.varve.engine.registry;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.model.Metadata;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of the registry's file; the package description has the bytes. The checksum in a
 * value covers its key too: neither overwritten bytes nor a value under a wrong key pass.
 */
final class FactsCodec {
  static final char METRIC = 'M';
  static final char TENANT = 'T';

  private static final String SOURCE = "registry entry";

  private final ByteWriter out = new ByteWriter(256);

  byte[] metricKey(String tenant, String metric) {
    out.reset();
    out.u8(METRIC);
    out.string(tenant);
    out.bytes(metric.getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }

  byte[] tenantKey(String tenant) {
    out.reset();
    out.u8(TENANT);
    out.bytes(tenant.getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }

  byte[] value(byte[] key, MetricFacts facts) {
    out.reset();
    out.fixed32(0);
    out.fixed64(facts.lastWritten());
    out.fixed64(facts.lastQueried());
    Metadata about = facts.metadata();
    out.u8(about == null ? 0 : 1);
    if (about != null) {
      out.string(about.type());
      out.string(about.unit());
      out.string(about.help());
    }
    return sealed(key);
  }

  byte[] value(byte[] key, Registry.Usage usage) {
    out.reset();
    out.fixed32(0);
    out.fixed64(usage.seriesCreated());
    out.fixed64(usage.samples());
    return sealed(key);
  }

  private byte[] sealed(byte[] key) {
    int end = out.size();
    out.bytes(key);
    out.patch32(0, Crc32c.of(out.array(), 4, out.size() - 4));
    out.truncate(end);
    return out.toByteArray();
  }

  /** True if a value is what was once written under this key. */
  boolean sound(byte[] key, byte[] value) {
    if (value.length < 4) {
      return false;
    }
    out.reset();
    out.bytes(value);
    out.bytes(key);
    int stored = new ByteReader(value, SOURCE).fixed32();
    return stored == Crc32c.of(out.array(), 4, out.size() - 4);
  }

  static MetricFacts metricFacts(byte[] value) {
    ByteReader in = new ByteReader(value, SOURCE);
    in.fixed32();
    long written = in.fixed64();
    long queried = in.fixed64();
    Metadata about = in.u8() == 0 ? null : new Metadata(in.string(), in.string(), in.string());
    return new MetricFacts(about, written, queried);
  }

  static Registry.Usage usage(byte[] value) {
    ByteReader in = new ByteReader(value, SOURCE);
    in.fixed32();
    return new Registry.Usage(in.fixed64(), in.fixed64());
  }

  /** The metric in a key if it is one of this tenant, else null. */
  static @Nullable String metricOf(byte[] key, String tenant) throws CorruptDataException {
    ByteReader in = new ByteReader(key, SOURCE);
    if (in.u8() != METRIC || !in.string().equals(tenant)) {
      return null;
    }
    return new String(in.bytes(in.remaining()), StandardCharsets.UTF_8);
  }

  /** The tenant in a tenant's key, null if it is the key of a metric. */
  static @Nullable String tenantOf(byte[] key) {
    ByteReader in = new ByteReader(key, SOURCE);
    return in.u8() != TENANT ? null : new String(in.bytes(in.remaining()), StandardCharsets.UTF_8);
  }
}
