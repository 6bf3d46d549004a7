package io.varve.engine;

import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.Matcher;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * All continuous aggregates of a store: cells by their width, grouped ones by rule and step.
 * Immutable.
 */
final class AggregateRules {
  static final AggregateRules NONE = new AggregateRules(List.of());

  private final List<AggregateRule> rules;
  private final TreeMap<Long, List<AggregateRule>> byWidth = new TreeMap<>();
  private final TreeMap<Long, String> digests = new TreeMap<>();
  private final List<AggregateRule> grouped = new ArrayList<>();
  private final Map<AggregateRule, String> groupedDigests = new HashMap<>();

  AggregateRules(List<AggregateRule> rules) {
    this.rules = List.copyOf(rules);
    for (AggregateRule rule : rules) {
      if (rule.grouping() != null) {
        grouped.add(rule);
        groupedDigests.put(rule, digest(List.of(rule)));
        continue;
      }
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

  /** Those of groups. */
  List<AggregateRule> grouped() {
    return grouped;
  }

  /** What the files of a rule of groups are called, whatever the rule is. */
  String digestOf(AggregateRule rule) {
    return groupedDigests.getOrDefault(rule, "");
  }

  /** A rule of groups whose files are called so; null if there is none any more. */
  @Nullable AggregateRule groupedBy(String digest, long stepMillis) {
    for (AggregateRule rule : grouped) {
      if (rule.cellMillis().contains(stepMillis) && digestOf(rule).equals(digest)) {
        return rule;
      }
    }
    return null;
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
      Grouping grouping = rule.grouping();
      String how =
          grouping == null
              ? Integer.toString(CellPart.bits(rule.parts()))
              : (grouping.without() ? "without" : "by")
                  + grouping.labels().stream().map(AggregateRules::quoted).toList()
                  + grouping.columns().stream().map(AggregateRules::quoted).toList();
      texts.add(whose + matchers + how);
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
      wanted.add(series(window, rule), rule.parts());
    }
    return wanted;
  }

  /** Window ids of a window's series that a rule speaks of. */
  static RoaringBitmap series(WindowView window, AggregateRule rule) {
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
    return ids;
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
