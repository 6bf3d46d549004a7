package io.varve.engine.head;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Small numbers for tenants' names while an engine is open; number 0 is the default tenant "". The
 * numbers go into no file. Any thread may ask.
 */
public final class Tenants {
  private static final int MOST = Short.MAX_VALUE;

  private final CopyOnWriteArrayList<String> names = new CopyOnWriteArrayList<>();
  private final ConcurrentHashMap<String, Integer> ids = new ConcurrentHashMap<>();

  /** With the default tenant only. */
  public Tenants() {
    names.add("");
    ids.put("", 0);
  }

  /** The number of a tenant, a new one if it has none yet. */
  public int id(String name) {
    Integer id = ids.get(name);
    return id != null ? id : add(name);
  }

  private synchronized int add(String name) {
    Integer id = ids.get(name);
    if (id != null) {
      return id;
    }
    if (names.size() > MOST) {
      throw new IllegalStateException("more than " + MOST + " tenants in one engine");
    }
    names.add(name);
    ids.put(name, names.size() - 1);
    return names.size() - 1;
  }

  /** The name of a number that {@link #id} gave. */
  public String name(int id) {
    return names.get(id);
  }
}
