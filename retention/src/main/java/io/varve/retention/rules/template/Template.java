package io.varve.retention.rules.template;

import io.varve.retention.rules.template.Node.Operand;
import io.varve.retention.rules.template.Node.Pipe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A template that can be expanded. Immutable; each expansion is of one thread. */
public final class Template {
  private static final int MOST_OUTPUT = 1 << 20;
  private static final int MOST_STEPS = 1 << 20;
  private static final int MOST_DEPTH = 100;

  private final List<Node> nodes;
  private final Map<String, List<Node>> defined = new HashMap<>();

  private Template(String text) {
    this.nodes = Parser.parse(text, Functions.NAMES, defined);
  }

  /**
   * Reads a template.
   *
   * @throws TemplateException if it is none
   */
  public static Template parse(String text) {
    return new Template(text);
  }

  /** The names of the functions that templates have besides those of Go. */
  public static Set<String> functions() {
    return Functions.OF_PROMETHEUS;
  }

  /**
   * Expands it.
   *
   * @param data what the dot is
   * @param surroundings what functions may ask
   * @throws TemplateException if that fails
   */
  public String expand(Object data, Surroundings surroundings) {
    Expansion expansion = new Expansion(new Functions(surroundings));
    Scope scope = new Scope(null);
    scope.values.put("$", data);
    try {
      expansion.run(nodes, data, scope, 0);
    } catch (RuntimeException e) {
      if (e instanceof TemplateException known) {
        throw known;
      }
      throw new TemplateException(String.valueOf(e.getMessage()));
    }
    return expansion.out.toString();
  }

  /** Variables of a block. */
  private static final class Scope {
    final @Nullable Scope outer;
    final Map<String, @Nullable Object> values = new HashMap<>();

    Scope(@Nullable Scope outer) {
      this.outer = outer;
    }

    Scope of(String name) {
      for (Scope s = this; s != null; s = s.outer) {
        if (s.values.containsKey(name)) {
          return s;
        }
      }
      throw new TemplateException("undefined variable: " + name);
    }
  }

  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  private final class Expansion {
    final StringBuilder out = new StringBuilder();
    final Functions functions;
    private int steps;

    Expansion(Functions functions) {
      this.functions = functions;
    }

    Flow run(List<Node> body, @Nullable Object dot, Scope scope, int depth) {
      if (depth > MOST_DEPTH) {
        throw new TemplateException("exceeded maximum template depth");
      }
      for (Node node : body) {
        if (++steps > MOST_STEPS || out.length() > MOST_OUTPUT) {
          throw new TemplateException("the expansion is too long");
        }
        Flow flow = run(node, dot, scope, depth);
        if (flow != Flow.NEXT) {
          return flow;
        }
      }
      return Flow.NEXT;
    }

    private Flow run(Node node, @Nullable Object dot, Scope scope, int depth) {
      return switch (node) {
        case Node.Text text -> {
          out.append(text.text());
          yield Flow.NEXT;
        }
        case Node.Action action -> {
          Object value = value(action.pipe(), dot, scope);
          if (action.pipe().variables().isEmpty()) {
            out.append(GoFormat.plain(value));
          }
          yield Flow.NEXT;
        }
        case Node.If branch -> {
          Scope inner = new Scope(scope);
          boolean holds = Functions.isTrue(value(branch.pipe(), dot, inner));
          yield run(holds ? branch.then() : branch.otherwise(), dot, inner, depth + 1);
        }
        case Node.With branch -> {
          Scope inner = new Scope(scope);
          Object value = value(branch.pipe(), dot, inner);
          yield Functions.isTrue(value)
              ? run(branch.then(), value, inner, depth + 1)
              : run(branch.otherwise(), dot, inner, depth + 1);
        }
        case Node.Range range -> range(range, dot, scope, depth);
        case Node.Break b -> Flow.BREAK;
        case Node.Continue c -> Flow.CONTINUE;
        case Node.Template call -> {
          List<Node> body = defined.get(call.name());
          if (body == null) {
            throw new TemplateException("template \"" + call.name() + "\" not defined");
          }
          Pipe pipe = call.pipe();
          Object value = pipe == null ? null : value(pipe, dot, scope);
          Scope inner = new Scope(null);
          inner.values.put("$", value);
          run(body, value, inner, depth + 1);
          yield Flow.NEXT;
        }
      };
    }

    private Flow range(Node.Range range, @Nullable Object dot, Scope scope, int depth) {
      Pipe pipe = range.pipe();
      Object over = value(new Pipe(List.of(), false, pipe.commands()), dot, scope);
      List<@Nullable Object> keys = new ArrayList<>();
      List<@Nullable Object> values = new ArrayList<>();
      switch (over) {
        case null -> {}
        case List<?> list -> {
          for (Object element : list) {
            keys.add((long) keys.size());
            values.add(element);
          }
        }
        case Map<?, ?> map ->
            new TreeMap<>(map)
                .forEach(
                    (key, value) -> {
                      keys.add(key);
                      values.add(value);
                    });
        default -> throw new TemplateException("range can't iterate over " + GoFormat.plain(over));
      }
      if (values.isEmpty()) {
        return run(range.otherwise(), dot, new Scope(scope), depth + 1);
      }
      for (int i = 0; i < values.size(); i++) {
        Scope inner = new Scope(scope);
        List<String> names = pipe.variables();
        for (int v = 0; v < names.size(); v++) {
          boolean key = names.size() > 1 && v == 0;
          Scope target = pipe.declares() ? inner : scope.of(names.get(v));
          target.values.put(names.get(v), key ? keys.get(i) : values.get(i));
        }
        if (run(range.body(), values.get(i), inner, depth + 1) == Flow.BREAK) {
          break;
        }
      }
      return Flow.NEXT;
    }

    private @Nullable Object value(Pipe pipe, @Nullable Object dot, Scope scope) {
      Object value = null;
      boolean first = true;
      for (List<Operand> command : pipe.commands()) {
        value = command(command, dot, scope, first ? null : new Object[] {value});
        first = false;
      }
      for (String name : pipe.variables()) {
        (pipe.declares() ? scope : scope.of(name)).values.put(name, value);
      }
      return value;
    }

    /**
     * @param last the value of the command before, in an array; null if there is none
     */
    private @Nullable Object command(
        List<Operand> command,
        @Nullable Object dot,
        Scope scope,
        @Nullable Object @Nullable [] last) {
      Operand head = command.getFirst();
      if (head instanceof Operand.Function function) {
        if (function.name().equals("and") || function.name().equals("or")) {
          return shortCut(function.name().equals("and"), command, dot, scope, last);
        }
        List<@Nullable Object> arguments = new ArrayList<>();
        for (Operand operand : command.subList(1, command.size())) {
          arguments.add(operand(operand, dot, scope));
        }
        if (last != null) {
          arguments.add(last[0]);
        }
        return functions.call(function.name(), arguments);
      }
      if (command.size() > 1 || last != null) {
        throw new TemplateException("can't give argument to non-function " + head);
      }
      return operand(head, dot, scope);
    }

    private @Nullable Object shortCut(
        boolean and,
        List<Operand> command,
        @Nullable Object dot,
        Scope scope,
        @Nullable Object @Nullable [] last) {
      Object value = null;
      for (Operand operand : command.subList(1, command.size())) {
        value = operand(operand, dot, scope);
        if (Functions.isTrue(value) != and) {
          return value;
        }
      }
      return last == null ? value : last[0];
    }

    private @Nullable Object operand(Operand operand, @Nullable Object dot, Scope scope) {
      return switch (operand) {
        case Operand.Literal literal -> literal.value();
        case Operand.Dot d -> dot;
        case Operand.Variable variable -> scope.of(variable.name()).values.get(variable.name());
        case Operand.Parens parens -> value(parens.pipe(), dot, scope);
        case Operand.Function function -> functions.call(function.name(), List.of());
        case Operand.Field field -> field(operand(field.of(), dot, scope), field.name());
      };
    }

    private static @Nullable Object field(@Nullable Object of, String name) {
      return switch (of) {
        case Map<?, ?> map -> map.containsKey(name) ? map.get(name) : Functions.absent(map);
        case Sample sample when name.equals("Labels") -> sample.labels();
        case Sample sample when name.equals("Value") -> sample.value();
        case null -> throw new TemplateException("nil data; no entry for key \"" + name + "\"");
        default ->
            throw new TemplateException(
                "can't evaluate field " + name + " in type " + of.getClass().getSimpleName());
      };
    }
  }
}
