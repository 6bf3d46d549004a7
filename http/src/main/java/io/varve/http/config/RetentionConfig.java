package io.varve.http.config;

import io.varve.engine.DiskLimits;
import io.varve.engine.model.Matcher;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import io.varve.ingest.InvalidTenantException;
import io.varve.ingest.Tenants;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How long samples are kept that a rule speaks of, and how much of the disk they may take.
 *
 * @param keep the rules, of which the strongest wins
 * @param disk limits beyond which the oldest windows go
 */
public record RetentionConfig(List<RetentionRule> keep, DiskLimits disk) {
  private static final String KEEP = "keep";
  private static final String MATCH = "match";
  private static final String TENANT = "tenant";
  private static final String RESOLUTION = "resolution";
  private static final String FOR = "for";
  private static final String FOREVER = "forever";
  private static final String ANY = "any";
  private static final String RAW = "raw";
  private static final long HOUR = 3_600_000;
  private static final long DAY = 24 * HOUR;
  private static final long MOST_BYTES = 1L << 60;

  /** Keeps its own copy. */
  public RetentionConfig {
    keep = List.copyOf(keep);
  }

  static RetentionConfig read(Settings in) {
    List<RetentionRule> keep = new ArrayList<>();
    in.sections(KEEP).forEach(entry -> keep.add(rule(entry)));
    if (keep.size() > RetentionPolicy.MOST_RULES) {
      throw in.wrong(KEEP, "more than " + RetentionPolicy.MOST_RULES + " rules");
    }
    long maxBytes = in.bytes("max_bytes", 0, 0, MOST_BYTES);
    Free free = in.value("min_free_disk", new Free(0, 0), Free::parse);
    long kept = in.millis("min_free_disk_keeps", DAY, 0, 100 * 365 * DAY);
    in.done();
    return new RetentionConfig(keep, new DiskLimits(maxBytes, free.bytes, free.percent, kept));
  }

  private static RetentionRule rule(Settings in) {
    List<Matcher> matchers = in.value(MATCH, List.of(), RetentionConfig::matchers);
    String tenant = in.value(TENANT, EVERY_TENANT, RetentionConfig::checkedTenant);
    long resolution = in.value(RESOLUTION, RetentionRule.ANY, RetentionConfig::resolution);
    long keep = in.required(FOR, RetentionConfig::keep);
    in.done();
    return new RetentionRule(
        tenant.equals(EVERY_TENANT) ? null : tenant, matchers, resolution, keep);
  }

  private static long keep(String text) {
    if (text.equals(FOREVER)) {
      return RetentionPolicy.FOREVER;
    }
    long millis = Durations.parseMillis(text);
    if (millis < HOUR) {
      throw new IllegalArgumentException(text + " is less than 1h (and not the word forever)");
    }
    return millis;
  }

  /** Stands for the tenant of requests that name none; no other tenant can have this name. */
  private static final String DEFAULT_TENANT = "@default";

  private static final String EVERY_TENANT = "|";

  static String checkedTenant(String text) {
    if (text.equals(DEFAULT_TENANT)) {
      return "";
    }
    try {
      return Tenants.parse(text);
    } catch (InvalidTenantException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static List<Matcher> matchers(String text) {
    List<Matcher> matchers;
    try {
      matchers = Parser.parseSelector(text);
    } catch (ParseException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a selector: " + e.getMessage(), e);
    }
    if (matchers.size() > RetentionPolicy.MOST_MATCHERS) {
      throw new IllegalArgumentException(
          "more than " + RetentionPolicy.MOST_MATCHERS + " matchers");
    }
    return matchers;
  }

  private static long resolution(String text) {
    return switch (text) {
      case ANY -> RetentionRule.ANY;
      case RAW -> RetentionRule.RAW;
      default -> {
        long millis = Durations.parseMillis(text);
        if (millis <= 0) {
          throw new IllegalArgumentException("\"" + text + "\" is not raw, any or a duration");
        }
        yield millis;
      }
    };
  }

  /** So many bytes, or so much of the disk. */
  private record Free(long bytes, int percent) {
    static Free parse(String text) {
      if (!text.endsWith("%")) {
        return new Free(Sizes.parse(text), 0);
      }
      int percent;
      try {
        percent = Integer.parseInt(text.substring(0, text.length() - 1).strip());
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("\"" + text + "\" is not a whole number of percent", e);
      }
      if (percent < 0 || percent > 99) {
        throw new IllegalArgumentException(text + " is not between 0% and 99%");
      }
      return new Free(0, percent);
    }
  }

  /**
   * What the engine is told.
   *
   * @param defaultMillis how long everything else is kept; 0 for ever
   */
  public RetentionPolicy policy(long defaultMillis) {
    return new RetentionPolicy(defaultMillis == 0 ? RetentionPolicy.FOREVER : defaultMillis, keep);
  }

  void write(ConfigText text) {
    text.section("retention");
    List<String> items = new ArrayList<>();
    keep.forEach(rule -> items.add(text(rule)));
    text.line(KEEP, "[" + String.join(", ", items) + "]");
    text.bytes("max_bytes", disk.maxBytes());
    text.line(
        "min_free_disk",
        disk.minFreePercent() > 0 ? disk.minFreePercent() + "%" : Sizes.print(disk.minFreeBytes()));
    text.millis("min_free_disk_keeps", disk.keptMillis());
  }

  /** A rule as the file says it. */
  public static String text(RetentionRule rule) {
    StringBuilder out = new StringBuilder("{");
    if (!rule.matchers().isEmpty()) {
      out.append(MATCH).append(": ").append(ConfigText.escaped(selector(rule))).append(", ");
    }
    String tenant = tenant(rule);
    if (tenant != null) {
      out.append(TENANT).append(": ").append(ConfigText.escaped(tenant)).append(", ");
    }
    if (rule.resolutionMillis() != RetentionRule.ANY) {
      out.append(RESOLUTION).append(": ").append(resolution(rule.resolutionMillis())).append(", ");
    }
    return out.append(FOR).append(": ").append(duration(rule.keepMillis())).append('}').toString();
  }

  /** The selector of a rule, as PromQL writes it. */
  public static String selector(RetentionRule rule) {
    List<String> matchers = new ArrayList<>();
    rule.matchers().forEach(matcher -> matchers.add(matcher.toString()));
    return "{" + String.join(",", matchers) + "}";
  }

  /** The tenant of a rule, as the file says it; null if it is for all. */
  public static @Nullable String tenant(RetentionRule rule) {
    String tenant = rule.tenant();
    return tenant == null || !tenant.isEmpty() ? tenant : DEFAULT_TENANT;
  }

  /** A resolution as the file says it. */
  public static String resolution(long millis) {
    if (millis == RetentionRule.ANY) {
      return ANY;
    }
    return millis == RetentionRule.RAW ? RAW : Durations.print(millis);
  }

  /** A keep as the file says it. */
  public static String duration(long keepMillis) {
    return keepMillis == RetentionPolicy.FOREVER ? FOREVER : Durations.print(keepMillis);
  }
}
