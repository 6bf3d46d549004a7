package io.varve.engine;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/** What could not be read, each thing once, bounded. Thread-safe. */
final class DamageLog {
  private static final int MOST = 1000;

  private final LinkedHashSet<String> problems = new LinkedHashSet<>();
  private final System.Logger logger = System.getLogger(Engine.class.getName());

  private long repairs;

  /** True if this was not known yet. */
  boolean add(String problem) {
    synchronized (problems) {
      if (problems.size() >= MOST || !problems.add(problem)) {
        return false;
      }
    }
    logger.log(System.Logger.Level.ERROR, "damaged data: " + problem);
    return true;
  }

  /** A file was put right: what was known of it is forgotten. */
  void repaired(String path) {
    synchronized (problems) {
      repairs++; // before it counts for nothing: see Engine.repairCount
      problems.removeIf(problem -> problem.contains(path));
    }
    logger.log(System.Logger.Level.INFO, "repaired: " + path);
  }

  /** How often something was put right. */
  long repairs() {
    synchronized (problems) {
      return repairs;
    }
  }

  boolean any() {
    synchronized (problems) {
      return !problems.isEmpty();
    }
  }

  List<String> all() {
    synchronized (problems) {
      return new ArrayList<>(problems);
    }
  }
}
