package io.varve.engine;

import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.Matcher;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.roaringbitmap.RoaringBitmap;

/** All continuous aggregates of a store, by the width of their cells. Immutable. */
final class AggregateRules {
  static final AggregateRules NONE = new AggregateRules(List.of());

  private final List<AggregateRule> rules;
  private final TreeMap<Long, List<AggregateRule>> byWidth = new TreeMap<>();
  private final TreeMap<Long, String> digests = new TreeMap<>();

  AggregateRules(List<AggregateRule> rules) {
    this.rules = List.copyOf(rules);
    for (AggregateRule rule : rules) {
      for (long width : rule.cellMillis()) {
        byWidth.computeIfAbsent(width, any -> new ArrayList<>()).add(rule);
      }
    }
    for (Map.Entry<Long, List<AggregateRule>> entry : byWidth.entrySet()) {
      digests.put(entry.getKey(), digest(entry.getValue()));
    }
  }

  /** As they were given. */
  List<AggregateRule> all() {
    return rules;
  }

  /** The widths of cells that are wanted, with a digest of which series they are wanted of. */
  SortedMap<Long, String> digests() {
    return Collections.unmodifiableSortedMap(digests);
  }

  /** Two sets of rules that want the same series have the same, whatever they are called. */
  private static String digest(List<AggregateRule> rules) {
    List<String> texts = new ArrayList<>();
    for (AggregateRule rule : rules) {
      List<String> matchers = new ArrayList<>();
      for (Matcher matcher : rule.matchers()) {
        matchers.add(matcher.type() + " " + quoted(matcher.name()) + " " + quoted(matcher.value()));
      }
      Collections.sort(matchers);
      String whose = rule.tenant() == null ? "*" : quoted(rule.tenant());
      texts.add(whose + matchers + CellPart.bits(rule.parts()));
    }
    Collections.sort(texts);
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(String.join("\n", texts).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  private static String quoted(String text) {
    return text.length() + ":" + text;
  }

  /** Window ids of a window's series of which cells of a width are wanted. */
  Wanted wanted(WindowView window, long cellMillis) {
    Wanted wanted = new Wanted();
    for (AggregateRule rule : byWidth.getOrDefault(cellMillis, List.of())) {
      RoaringBitmap ids = new RoaringBitmap();
      for (Shared<WindowView.IndexResource> resource : window.index()) {
        IndexSegment segment = resource.get().segment();
        String only = rule.tenant();
        if (only != null) {
          ids.or(segment.select(only, rule.matchers()));
        } else {
          segment.tenants(tenant -> ids.or(segment.select(tenant, rule.matchers())));
        }
      }
      wanted.add(ids, rule.parts());
    }
    return wanted;
  }

  /** Which series are to have cells, and of what parts. */
  static final class Wanted {
    private final RoaringBitmap any = new RoaringBitmap();
    private final RoaringBitmap[] byPart = new RoaringBitmap[CellPart.values().length];

    Wanted() {
      Arrays.setAll(byPart, part -> new RoaringBitmap());
    }

    private void add(RoaringBitmap ids, Set<CellPart> parts) {
      any.or(ids);
      int bits = CellPart.bits(parts);
      for (int part = 0; part < byPart.length; part++) {
        if ((bits & 1 << part) != 0) {
          byPart[part].or(ids);
        }
      }
    }

    boolean contains(int windowId) {
      return any.contains(windowId);
    }

    /** The parts that a series' cells are to know, as bits. */
    int parts(int windowId) {
      int parts = 0;
      for (int part = 0; part < byPart.length; part++) {
        parts |= byPart[part].contains(windowId) ? 1 << part : 0;
      }
      return parts;
    }
  }
}
