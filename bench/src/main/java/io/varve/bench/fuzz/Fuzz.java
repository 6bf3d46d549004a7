package io.varve.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run: the same random data in two servers, then random expressions, each as an instant query
 * or over a range. One thread.
 */
public final class Fuzz {
  private static final double TOLERANCE = 1e-9;
  private static final int MOST_STEPS = 40;
  private static final long[] STEPS = {7_000, 15_000, 30_000, 60_000, 97_000, 300_000};

  private final ServerPair servers;
  private final long seed;
  private final Consumer<String> log;
  private final Answers answers = new Answers(TOLERANCE);
  private final Map<AcceptedDifference, Integer> accepted = new EnumMap<>(AcceptedDifference.class);
  private final List<String> failures = new ArrayList<>();
  private int queries;
  private int errors;
  private int empty;

  /**
   * A run over data of this seed.
   *
   * @param log is told of every difference that is not accepted
   */
  public Fuzz(ServerPair servers, long seed, Consumer<String> log) {
    this.servers = servers;
    this.seed = seed;
    this.log = log;
  }

  /** Writes the data to both. */
  public void load() throws IOException, InterruptedException {
    RandomData data = new RandomData(seed);
    for (byte[] body : data.bodies()) {
      servers.write(body);
    }
    log.accept(data.series() + " series, " + data.samples() + " samples");
  }

  /** Asks one query. The same number is the same query in every run with the same seed. */
  public void query(int number) throws Exception {
    long mixed = seed * 0x9E3779B97F4A7C15L + number * 0xBF58476D1CE4E5B9L;
    Term term = new ExpressionGenerator(mixed).next();
    Span span = span(new Random(mixed + 1));
    queries++;
    String difference = difference(term, span, answers);
    if (difference == null) {
      return;
    }
    Shrunk small = shrink(term, span);
    AcceptedDifference named = accepted(small, span);
    if (named != null) {
      accepted.merge(named, 1, Integer::sum);
      return;
    }
    String failure =
        "seed "
            + seed
            + ", query "
            + number
            + " ("
            + term
            + ")\n  "
            + small.term
            + " "
            + span
            + "\n  "
            + (small.told == null ? difference : small.told);
    failures.add(failure);
    log.accept(failure);
  }

  /**
   * A difference that was made small.
   *
   * @param told what differs
   */
  private record Shrunk(Term term, JsonNode there, JsonNode here, @Nullable String told) {}

  private Shrunk shrink(Term term, Span span) throws Exception {
    Answers uncounted = new Answers(TOLERANCE);
    Term small =
        Shrinker.shrink(
            term,
            candidate ->
                !candidate.isOutOfPlace() && difference(candidate, span, uncounted) != null);
    JsonNode there =
        servers.prometheus.query(small.prometheus(), span.start(), span.end(), span.step());
    JsonNode here = servers.varve.query(small.varve(), span.start(), span.end(), span.step());
    return new Shrunk(small, there, here, uncounted.difference(there, here, ordered(small, span)));
  }

  /** The name of the difference, or of one at the times at which a subquery evaluates. */
  private @Nullable AcceptedDifference accepted(Shrunk small, Span span) throws Exception {
    AcceptedDifference named =
        AcceptedDifference.of(new Case(servers, small.term, span, small.there, small.here));
    if (named != null) {
      return named;
    }
    Span whole = Case.ofSubqueries(span);
    for (Term inner : small.term.inSubqueries()) {
      if (difference(inner, whole, new Answers(TOLERANCE)) != null) {
        AcceptedDifference innerName = accepted(shrink(inner, whole), whole);
        if (innerName != null) {
          return innerName;
        }
      }
    }
    return null;
  }

  private static Span span(Random random) {
    long step = random.nextBoolean() ? 0 : STEPS[random.nextInt(STEPS.length)];
    long steps = step == 0 ? 0 : random.nextInt(MOST_STEPS);
    long end = RandomData.START + random.nextLong(RandomData.SPAN + 600_000) / 1000 * 1000 + 500;
    return new Span(end - steps * step, end, step);
  }

  /** Only the order of sorted instant vectors means something. */
  private static boolean ordered(Term term, Span span) {
    return span.step() == 0 && (term.head().equals("sort") || term.head().equals("sort_desc"));
  }

  private @Nullable String difference(Term term, Span span, Answers compared)
      throws IOException, InterruptedException {
    JsonNode there =
        servers.prometheus.query(term.prometheus(), span.start(), span.end(), span.step());
    JsonNode here = servers.varve.query(term.varve(), span.start(), span.end(), span.step());
    if (compared == answers) {
      errors += there.path("status").asText().equals("error") ? 1 : 0;
      empty += there.at("/data/result").isEmpty() ? 1 : 0;
    }
    return compared.difference(there, here, ordered(term, span));
  }

  /** Differences that are not accepted, each with its seed and a small expression. */
  public List<String> failures() {
    return List.copyOf(failures);
  }

  /** Queries that were asked. */
  public int queries() {
    return queries;
  }

  /** Of them those that failed on both, as they should. */
  public int errors() {
    return errors;
  }

  /** Numbers that were compared. */
  public long points() {
    return answers.points();
  }

  /** Queries whose difference is accepted. */
  public int accepted() {
    return accepted.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** What was compared and what was accepted, line by line. */
  public String report() {
    StringBuilder text = new StringBuilder();
    text.append(queries).append(" queries, of them ").append(errors).append(" errors and ");
    text.append(empty).append(" without a result; ").append(points()).append(" numbers, ");
    text.append(answers.exactPoints()).append(" the same to the last digit\n");
    accepted.forEach(
        (difference, count) ->
            text.append("accepted ").append(count).append(" x ").append(difference).append('\n'));
    text.append(failures.size()).append(" differences that are not accepted\n");
    return text.toString();
  }
}
