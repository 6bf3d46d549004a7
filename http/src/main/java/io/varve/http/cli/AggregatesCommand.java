package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve aggregates …}: declares continuous aggregates in a running server. */
@Command(
    name = "aggregates",
    description = "Lists continuous aggregates of a server, declares them and takes them away.",
    subcommands = {
      AggregatesCommand.ListCommand.class,
      AggregatesCommand.AddCommand.class,
      AggregatesCommand.RemoveCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
final class AggregatesCommand implements Runnable {
  private static final String PATH = "/api/v1/admin/aggregates";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "Say what to do: varve aggregates list, varve aggregates add NAME, or varve aggregates"
            + " remove NAME");
  }

  private static AdminTarget server(AdminTarget target, CommandSpec spec) {
    if (target.isFolder()) {
      throw new ParameterException(spec.commandLine(), "--data-dir: a running server is asked");
    }
    return target;
  }

  /** {@code varve aggregates list}. */
  @Command(
      name = "list",
      description = "Lists continuous aggregates, of the configuration file and declared ones.",
      mixinStandardHelpOptions = true)
  static final class ListCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin private AdminTarget target = new AdminTarget();

    @Override
    public Integer call() throws IOException {
      TextTable table = new TextTable("NAME", "ORIGIN", "DEFINITION");
      for (JsonNode one : server(target, spec).get(PATH)) {
        String name = one.path("name").asText();
        String[] lines = one.path("definition").asText().split("\n", 2);
        table.row(
            name,
            one.path("origin").asText(),
            lines.length < 2 ? "" : lines[1].replace("\n", "; ")); // the first is the name
      }
      table.print(System.out);
      return 0;
    }
  }

  /** {@code varve aggregates add NAME}. */
  @Command(
      name = "add",
      description =
          "Declares a continuous aggregate, in place of a declared one of that name. The options"
              + " are called as the settings of aggregates.rules; lists have commas between their"
              + " items.",
      mixinStandardHelpOptions = true)
  static final class AddCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin private AdminTarget target = new AdminTarget();

    @Parameters(paramLabel = "NAME", description = "What it is called.")
    private String name = "";

    @Option(names = "--match", paramLabel = "SELECTOR", description = "Of which series.")
    private @Nullable String match;

    @Option(names = "--resolutions", required = true, description = "Such as 5m,1h.")
    private String resolutions = "";

    @Option(names = "--functions", description = "Such as rate,max.")
    private @Nullable String functions;

    @Option(names = "--by", description = "Groups series by these labels; may be empty.")
    private @Nullable String by;

    @Option(names = "--without", description = "Groups series by all labels but these.")
    private @Nullable String without;

    @Option(names = "--aggregations", description = "What is kept of groups, such as sum,max.")
    private @Nullable String aggregations;

    @Override
    public Integer call() throws IOException {
      if (match == null && (by != null || without != null)) {
        throw new ParameterException(
            spec.commandLine(),
            "--by and --without group the series of a selector: give one, as --match a_metric");
      }
      Map<String, String> form = new LinkedHashMap<>();
      form.put("name", name);
      put(form, "match", match);
      put(form, "tenant", target.tenant().isEmpty() ? null : target.tenant());
      form.put("resolutions", resolutions);
      put(form, "functions", functions);
      put(form, "by", by);
      put(form, "without", without);
      put(form, "aggregations", aggregations);
      JsonNode made = server(target, spec).post(PATH, form);
      System.out.println(made.path("definition").asText());
      return 0;
    }

    private static void put(Map<String, String> form, String key, @Nullable String value) {
      if (value != null) {
        form.put(key, value);
      }
    }
  }

  /** {@code varve aggregates remove NAME}. */
  @Command(
      name = "remove",
      description = "Takes a declared continuous aggregate away, and what is stored of it.",
      mixinStandardHelpOptions = true)
  static final class RemoveCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin private AdminTarget target = new AdminTarget();

    @Parameters(paramLabel = "NAME", description = "As varve aggregates list tells it.")
    private String name = "";

    @Override
    public Integer call() throws IOException {
      server(target, spec).delete(PATH, name);
      System.out.println("the aggregate '" + name + "' is gone");
      return 0;
    }
  }
}
