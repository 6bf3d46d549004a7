package io.varve.http.config;

import io.varve.retention.rules.RuleFiles;
import java.nio.file.Path;
import java.util.List;

/**
 * What the evaluation of recording and alerting rules is told.
 *
 * @param files of rules
 * @param intervalMillis between evaluations of groups that do not say it
 * @param offsetMillis how far back rules look unless their group says otherwise
 * @param maxConcurrent groups that are evaluated at one time
 * @param resendMillis who was told of an alert is told again after more than this time
 * @param outageMillis how long ago alerts may have been pending to go on with that after a start
 * @param graceMillis how long alerts that go on so wait at least before they fire
 * @param catchUpMillis how far back recording rules are evaluated after a start; 0 for not
 * @param catchUpDelayMillis how long after the start that begins
 */
public record RulesConfig(
    List<RuleFiles.Source> files,
    long intervalMillis,
    long offsetMillis,
    int maxConcurrent,
    long resendMillis,
    long outageMillis,
    long graceMillis,
    long catchUpMillis,
    long catchUpDelayMillis) {
  private static final long SECOND = 1_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final String FILES = "files";
  private static final String TENANT = "tenant";

  static RulesConfig read(Settings in) {
    RulesConfig config =
        new RulesConfig(
            in.entries(FILES, RulesConfig::ofTenant, RulesConfig::ofAny),
            in.millis("interval", MINUTE, 1, 365 * DAY),
            in.millis("query_offset", 0, 0, 365 * DAY),
            in.integer("max_concurrent", 4, 1, 1_024),
            in.millis("resend_delay", MINUTE, 0, DAY),
            in.millis("for_outage_tolerance", HOUR, 0, 365 * DAY),
            in.millis("for_grace_period", 10 * MINUTE, 0, 365 * DAY),
            in.millis("catch_up", HOUR, 0, 365 * DAY),
            in.millis("catch_up_delay", MINUTE, 0, DAY));
    in.done();
    return config;
  }

  /** A path, of a file whose groups say for whom they are. */
  private static RuleFiles.Source ofAny(String file) {
    checkFiles(List.of(file));
    return new RuleFiles.Source("", List.of(file));
  }

  /** An entry that says for whom its files are. */
  private static RuleFiles.Source ofTenant(Settings in) {
    RuleFiles.Source source =
        new RuleFiles.Source(
            in.required(TENANT, RetentionConfig::checkedTenant),
            in.texts(FILES, RulesConfig::checkFiles));
    in.done();
    return source;
  }

  private static void checkFiles(List<String> files) {
    for (String file : files) {
      if (file.isEmpty()) {
        throw new IllegalArgumentException("a path is empty");
      }
      var _ = Path.of(file); // which refuses what is none
    }
  }

  private static String text(RuleFiles.Source source) {
    return source.tenant().isEmpty()
        ? ConfigText.escaped(source.patterns().getFirst())
        : new FlowText()
            .text(TENANT, source.tenant(), "")
            .put(FILES, FlowText.texts(source.patterns()))
            .toString();
  }

  /** The same with relative paths seen from a folder. */
  RulesConfig from(Path folder) {
    return new RulesConfig(
        files.stream()
            .map(
                source ->
                    new RuleFiles.Source(
                        source.tenant(),
                        source.patterns().stream()
                            .map(file -> folder.resolve(file).toString())
                            .toList()))
            .toList(),
        intervalMillis,
        offsetMillis,
        maxConcurrent,
        resendMillis,
        outageMillis,
        graceMillis,
        catchUpMillis,
        catchUpDelayMillis);
  }

  void write(ConfigText text) {
    text.section("rules");
    text.line(FILES, FlowText.list(files.stream().map(RulesConfig::text).toList()));
    text.millis("interval", intervalMillis);
    text.millis("query_offset", offsetMillis);
    text.number("max_concurrent", maxConcurrent);
    text.millis("resend_delay", resendMillis);
    text.millis("for_outage_tolerance", outageMillis);
    text.millis("for_grace_period", graceMillis);
    text.millis("catch_up", catchUpMillis);
    text.millis("catch_up_delay", catchUpDelayMillis);
  }
}
