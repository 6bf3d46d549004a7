package io.varve.engine.index;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Series of a test: each id is a place in the list. */
final class SeriesList implements LabelSource {
  private final List<String> tenants = new ArrayList<>();
  private final List<byte[]> bytes = new ArrayList<>();

  /** Adds a series, returns its id. */
  int add(String tenant, Labels labels) {
    return add(tenant, labels.canonical());
  }

  int add(String tenant, byte[] canonical) {
    tenants.add(tenant);
    bytes.add(canonical);
    return bytes.size() - 1;
  }

  int size() {
    return bytes.size();
  }

  Labels labels(int id) {
    byte[] canonical = bytes.get(id);
    return Labels.fromCanonical(canonical, 0, canonical.length);
  }

  /** The same series in file order. */
  SeriesList inFileOrder() {
    int[] ids = new int[size()];
    Arrays.setAll(ids, i -> i);
    SeriesOrder.sort(this, ids);
    SeriesList sorted = new SeriesList();
    for (int id : ids) {
      sorted.add(tenants.get(id), bytes.get(id));
    }
    return sorted;
  }

  @Override
  public String tenant(int id) {
    return tenants.get(id);
  }

  @Override
  public byte[] array(int id) {
    return bytes.get(id);
  }

  @Override
  public int offset(int id) {
    return 0;
  }

  @Override
  public int length(int id) {
    return bytes.get(id).length;
  }
}
