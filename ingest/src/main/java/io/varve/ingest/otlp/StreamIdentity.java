package io.varve.ingest.otlp;

import com.dynatrace.hash4j.hashing.HashStream128;
import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hasher128;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.resource.v1.Resource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What tells streams of data points apart, as 128 bits: tenant, resource, scope, metric and the
 * attributes of the point, these in whichever order they come.
 */
record StreamIdentity(long high, long low) {
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof StreamIdentity that && high == that.high && low == that.low;
  }

  @Override
  public int hashCode() {
    return (int) low;
  }

  /** Hashes the parts one inside the other. Not thread-safe; reused. */
  static final class Hash {
    private final Hasher128 hasher;
    private HashValue128 resource;
    private HashValue128 scope;
    private HashValue128 metric;

    Hash(Hasher128 hasher) {
      this.hasher = hasher;
      this.resource = hasher.hashStream().get();
      this.scope = resource;
      this.metric = resource;
    }

    void resource(String tenant, Resource of) {
      HashStream128 stream = hasher.hashStream().putString(tenant);
      resource = attributes(of.getAttributesList(), stream).get();
    }

    void scope(ScopeMetrics of) {
      HashStream128 stream =
          inside(resource)
              .putString(of.getScope().getName())
              .putString(of.getScope().getVersion())
              .putString(of.getSchemaUrl());
      scope = attributes(of.getScope().getAttributesList(), stream).get();
    }

    void metric(Metric of) {
      metric =
          inside(scope)
              .putString(of.getName())
              .putString(of.getUnit())
              .putInt(of.getDataCase().getNumber())
              .putBoolean(of.getSum().getIsMonotonic())
              .get();
    }

    StreamIdentity point(List<KeyValue> of) {
      HashValue128 value = attributes(of, inside(metric)).get();
      return new StreamIdentity(value.getMostSignificantBits(), value.getLeastSignificantBits());
    }

    private HashStream128 inside(HashValue128 outer) {
      return hasher
          .hashStream()
          .putLong(outer.getMostSignificantBits())
          .putLong(outer.getLeastSignificantBits());
    }

    /** A sum of hashes does not depend on the order. */
    private HashStream128 attributes(List<KeyValue> all, HashStream128 into) {
      long high = 0;
      long low = 0;
      for (int i = 0; i < all.size(); i++) {
        HashValue128 one = hasher.hashBytesTo128Bits(all.get(i).toByteArray());
        high += one.getMostSignificantBits();
        low += one.getLeastSignificantBits();
      }
      return into.putInt(all.size()).putLong(high).putLong(low);
    }
  }
}
