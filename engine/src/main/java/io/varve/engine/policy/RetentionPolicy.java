package io.varve.engine.policy;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How long samples are kept: a default and rules for some series. <b>The strongest rule wins</b>:
 * of all rules that accept a series, the one that keeps it longest (of two that keep it equally
 * long, the first); the default holds for series that no rule accepts. So the order of rules does
 * not matter, and whoever adds a rule cannot shorten what another rule keeps.
 *
 * <p>Samples go by whole windows: a sample is kept until all of its window is older than its series
 * is to be kept. A <b>class</b> is what all series have in common that are kept equally long.
 *
 * <p>Immutable; any thread.
 */
public final class RetentionPolicy {
  /** A keep without end. */
  public static final long FOREVER = Long.MAX_VALUE;

  /** Everything for ever. */
  public static final RetentionPolicy KEEP_ALL = new RetentionPolicy(FOREVER, List.of());

  /** Most rules of a policy. */
  public static final int MOST_RULES = 1_000;

  /** Most matchers of a rule. */
  public static final int MOST_MATCHERS = 100;

  private static final int VERSION = 1;
  private static final int OF_TENANT = 1;

  private final long defaultMillis;
  private final List<RetentionRule> rules;
  private final List<RetentionRule> strongestFirst;
  private final List<RetentionRule> raw; // strongest first
  private final long[] keeps; // of raw samples, each once, longest first
  private final long[] allKeeps; // of all samples

  /**
   * A policy.
   *
   * @param defaultMillis how long series are kept that no rule accepts, above 0
   * @throws IllegalArgumentException if there are too many rules or matchers
   */
  public RetentionPolicy(long defaultMillis, List<RetentionRule> rules) {
    if (defaultMillis <= 0) {
      throw new IllegalArgumentException("a default of " + defaultMillis + " ms");
    }
    if (rules.size() > MOST_RULES) {
      throw new IllegalArgumentException(
          rules.size() + " rules; at most " + MOST_RULES + " are possible");
    }
    for (RetentionRule rule : rules) {
      if (rule.matchers().size() > MOST_MATCHERS) {
        throw new IllegalArgumentException(
            "a rule of "
                + rule.matchers().size()
                + " matchers; at most "
                + MOST_MATCHERS
                + " are possible");
      }
    }
    this.defaultMillis = defaultMillis;
    this.rules = List.copyOf(rules);
    List<RetentionRule> sorted = new ArrayList<>(rules);
    sorted.sort(Comparator.comparingLong(RetentionRule::keepMillis).reversed()); // stable
    this.strongestFirst = List.copyOf(sorted);
    sorted.removeIf(rule -> !rule.isOf(RetentionRule.RAW));
    this.raw = List.copyOf(sorted);
    this.keeps = distinct(raw);
    this.allKeeps = distinct(strongestFirst);
  }

  private long[] distinct(List<RetentionRule> some) {
    TreeSet<Long> distinct = new TreeSet<>(Comparator.reverseOrder());
    distinct.add(defaultMillis);
    some.forEach(rule -> distinct.add(rule.keepMillis()));
    return distinct.stream().mapToLong(Long::longValue).toArray();
  }

  /** How long series are kept that no rule accepts, in milliseconds. */
  public long defaultMillis() {
    return defaultMillis;
  }

  /** The rules as they were given. */
  public List<RetentionRule> rules() {
    return rules;
  }

  /** The rules that speak of samples of a resolution (0: raw), strongest first. */
  public List<RetentionRule> rules(long resolutionMillis) {
    return resolutionMillis == RetentionRule.RAW
        ? raw
        : strongestFirst.stream().filter(rule -> rule.isOf(resolutionMillis)).toList();
  }

  /**
   * The rule that wins for a series, null if the default does.
   *
   * @param resolutionMillis of aggregates, 0 for raw samples
   */
  public @Nullable RetentionRule strongest(String tenant, Labels labels, long resolutionMillis) {
    for (int i = 0; i < strongestFirst.size(); i++) {
      RetentionRule rule = strongestFirst.get(i);
      if (rule.isOf(resolutionMillis) && rule.accepts(tenant, labels)) {
        return rule;
      }
    }
    return null;
  }

  /**
   * How long samples of a series are kept, in milliseconds; {@link #FOREVER} for ever.
   *
   * @param resolutionMillis of aggregates, 0 for raw samples
   */
  public long keepMillis(String tenant, Labels labels, long resolutionMillis) {
    RetentionRule rule = strongest(tenant, labels, resolutionMillis);
    return rule == null ? defaultMillis : rule.keepMillis();
  }

  /**
   * How long samples of a resolution (0: raw) are kept by one rule or another, each keep once,
   * longest first.
   */
  public long[] keeps(long resolutionMillis) {
    return resolutionMillis == RetentionRule.RAW
        ? keeps.clone()
        : distinct(rules(resolutionMillis));
  }

  /** The same of samples of any resolution. */
  public long[] allKeeps() {
    return allKeeps.clone();
  }

  /** How long the raw samples are kept that are kept longest. */
  public long longestMillis() {
    return keeps[0];
  }

  /** How long the raw samples are kept that are kept shortest. */
  public long shortestMillis() {
    return keeps[keeps.length - 1];
  }

  /** True if all raw samples are kept equally long. */
  public boolean isUniform() {
    return keeps.length == 1;
  }

  /**
   * The longest that anything of some resolution is kept, whatever its series.
   *
   * @param resolutionMillis of aggregates, 0 for raw samples
   */
  public long longestMillis(long resolutionMillis) {
    long longest = defaultMillis;
    for (RetentionRule rule : rules) {
      if (rule.isOf(resolutionMillis)) {
        longest = Math.max(longest, rule.keepMillis());
      }
    }
    return longest;
  }

  /** How long the samples are kept that are kept longest, raw ones and those of aggregates. */
  public long longestOfAllMillis() {
    return allKeeps[0];
  }

  /**
   * The name of the class of raw samples that are kept so long, as chunk files carry it: "" for
   * what the default keeps, else the keep, as in {@code 90d}.
   */
  public String className(long keepMillis) {
    return keepMillis == defaultMillis ? "" : name(keepMillis);
  }

  /** A keep in words: {@code forever}, or the largest unit that it is a multiple of. */
  public static String name(long keepMillis) {
    if (keepMillis == FOREVER) {
      return "forever";
    }
    String[] units = {"d", "h", "m", "s"};
    long[] millis = {86_400_000, 3_600_000, 60_000, 1_000};
    for (int i = 0; i < units.length; i++) {
      if (keepMillis % millis[i] == 0) {
        return keepMillis / millis[i] + units[i];
      }
    }
    return keepMillis + "ms";
  }

  /**
   * The latest time that is too old.
   *
   * @param keepMillis a keep
   * @return {@code Long.MIN_VALUE} if nothing ever is
   */
  public static long limit(long nowMillis, long keepMillis) {
    return keepMillis == FOREVER ? Long.MIN_VALUE : nowMillis - keepMillis;
  }

  /** Writes it; see the package. */
  public void encode(ByteWriter out) {
    out.u8(VERSION);
    out.varint(forEver(defaultMillis));
    out.varint(rules.size());
    for (RetentionRule rule : rules) {
      String tenant = rule.tenant();
      out.u8(tenant == null ? 0 : OF_TENANT);
      if (tenant != null) {
        out.string(tenant);
      }
      out.zigzag(rule.resolutionMillis());
      out.varint(forEver(rule.keepMillis()));
      out.varint(rule.matchers().size());
      for (Matcher matcher : rule.matchers()) {
        out.u8(matcher.type().ordinal());
        out.string(matcher.name());
        out.string(matcher.value());
      }
    }
  }

  private static long forEver(long keepMillis) {
    return keepMillis == FOREVER ? 0 : keepMillis;
  }

  /**
   * Reads what {@link #encode} wrote, to the end.
   *
   * @throws io.varve.engine.format.CorruptDataException if it is none
   */
  public static RetentionPolicy decode(ByteReader in) {
    int version = in.u8();
    if (version != VERSION) {
      throw in.corrupt("retention policy of version " + version);
    }
    long keep = keep(in);
    int n = in.count(MOST_RULES);
    List<RetentionRule> rules = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      rules.add(rule(in));
    }
    if (!in.atEnd()) {
      throw in.corrupt("bytes behind a retention policy");
    }
    return new RetentionPolicy(keep, rules);
  }

  private static RetentionRule rule(ByteReader in) {
    int flags = in.u8();
    if ((flags & ~OF_TENANT) != 0) {
      throw in.corrupt("unknown flags of a retention rule: " + flags);
    }
    String tenant = flags == OF_TENANT ? in.string() : null;
    long resolution = in.zigzag();
    if (resolution < RetentionRule.ANY) {
      throw in.corrupt("a retention rule for a resolution of " + resolution + " ms");
    }
    long keep = keep(in);
    int n = in.count(MOST_MATCHERS);
    List<Matcher> matchers = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int type = in.u8();
      if (type >= Matcher.Type.values().length) {
        throw in.corrupt("unknown matcher type " + type);
      }
      String name = in.string();
      String value = in.string();
      try {
        matchers.add(new Matcher(Matcher.Type.values()[type], name, value));
      } catch (IllegalArgumentException e) {
        throw in.corrupt("a matcher that is none: " + e.getMessage());
      }
    }
    return new RetentionRule(tenant, matchers, resolution, keep);
  }

  private static long keep(ByteReader in) {
    long keep = in.varint();
    if (keep < 0) {
      throw in.corrupt("a keep of " + keep + " ms");
    }
    return keep == 0 ? FOREVER : keep;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RetentionPolicy p
        && p.defaultMillis == defaultMillis
        && p.rules.equals(rules);
  }

  @Override
  public int hashCode() {
    return Objects.hash(defaultMillis, rules);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("default ").append(name(defaultMillis));
    for (RetentionRule rule : rules) {
      text.append(", ").append(rule.matchers()).append(' ').append(name(rule.keepMillis()));
    }
    return text.toString();
  }
}
