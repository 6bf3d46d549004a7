package io.varve.retention.rules.template;

import io.varve.retention.rules.template.Lexer.Kind;
import io.varve.retention.rules.template.Lexer.Token;
import io.varve.retention.rules.template.Node.Operand;
import io.varve.retention.rules.template.Node.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes nodes of a template's text. */
final class Parser {
  private static final int MOST_DEPTH = 100;

  private final List<Token> tokens;
  private final Set<String> functions;
  private final Map<String, List<Node>> templates;
  private int at;
  private int depth;
  private int loops;

  private Parser(List<Token> tokens, Set<String> functions, Map<String, List<Node>> templates) {
    this.tokens = tokens;
    this.functions = functions;
    this.templates = templates;
  }

  /**
   * Reads a template.
   *
   * @param functions that are known
   * @param templates gets those that are defined in the text
   */
  static List<Node> parse(String text, Set<String> functions, Map<String, List<Node>> templates) {
    Parser parser = new Parser(Lexer.read(text), functions, templates);
    List<Node> nodes = new ArrayList<>();
    String end = parser.nodes(nodes);
    if (end != null) {
      throw new TemplateException("unexpected {{" + end + "}}");
    }
    return nodes;
  }

  /** Reads nodes up to an {@code end} or {@code else}, which is returned; null at the end. */
  private @Nullable String nodes(List<Node> into) {
    if (++depth > MOST_DEPTH) {
      throw new TemplateException("nested too deeply");
    }
    while (at < tokens.size()) {
      Token token = tokens.get(at++);
      if (token.kind() == Kind.TEXT) {
        into.add(new Node.Text(token.text()));
        continue;
      }
      space();
      Token word = peek();
      if (word.is("end") || word.is("else")) {
        at++;
        space();
        if (word.is("end")) {
          close();
        }
        depth--;
        return word.text();
      }
      action(word, into);
    }
    depth--;
    return null;
  }

  private void action(Token word, List<Node> into) {
    if (word.kind() != Kind.IDENTIFIER) {
      Pipe pipe = pipe(true);
      close();
      into.add(new Node.Action(pipe));
      return;
    }
    switch (word.text()) {
      case "if", "with", "range" -> {
        at++;
        into.add(control(word.text()));
      }
      case "define" -> {
        at++;
        space();
        String name = name();
        close();
        List<Node> body = new ArrayList<>();
        end(nodes(body), "define");
        templates.put(name, body);
      }
      case "block" -> {
        at++;
        space();
        String name = name();
        Pipe pipe = pipe(false);
        close();
        List<Node> body = new ArrayList<>();
        end(nodes(body), "block");
        templates.putIfAbsent(name, body);
        into.add(new Node.Template(name, pipe));
      }
      case "template" -> {
        at++;
        space();
        String name = name();
        space();
        Pipe pipe = peek().kind() == Kind.CLOSE ? null : pipe(false);
        close();
        into.add(new Node.Template(name, pipe));
      }
      case "break", "continue" -> {
        if (loops == 0) {
          throw new TemplateException("{{" + word.text() + "}} outside {{range}}");
        }
        at++;
        close();
        into.add(word.text().equals("break") ? new Node.Break() : new Node.Continue());
      }
      default -> {
        Pipe pipe = pipe(true);
        close();
        into.add(new Node.Action(pipe));
      }
    }
  }

  private Node control(String kind) {
    space();
    Pipe pipe = pipe(true);
    close();
    loops += kind.equals("range") ? 1 : 0;
    List<Node> body = new ArrayList<>();
    List<Node> otherwise = new ArrayList<>();
    String end = nodes(body);
    loops -= kind.equals("range") ? 1 : 0;
    if ("else".equals(end)) {
      Token next = peek();
      if (next.is("if") || next.is("with")) {
        at++;
        otherwise.add(control(next.text())); // whose end is the end of this one, too
      } else {
        close();
        end(nodes(otherwise), kind);
      }
    } else {
      end(end, kind);
    }
    return switch (kind) {
      case "if" -> new Node.If(pipe, body, otherwise);
      case "with" -> new Node.With(pipe, body, otherwise);
      default -> new Node.Range(pipe, body, otherwise);
    };
  }

  private static void end(@Nullable String found, String of) {
    if (!"end".equals(found)) {
      throw new TemplateException(
          found == null ? "unexpected EOF" : "unexpected {{else}} in " + of);
    }
  }

  private String name() {
    Token token = tokens.get(at++);
    if (token.kind() != Kind.STRING) {
      throw new TemplateException("unexpected " + token.text() + " in a template's name");
    }
    return token.text();
  }

  private Token peek() {
    if (at >= tokens.size()) {
      throw new TemplateException("unclosed action");
    }
    return tokens.get(at);
  }

  private void space() {
    while (at < tokens.size() && tokens.get(at).kind() == Kind.SPACE) {
      at++;
    }
  }

  private void close() {
    space();
    Token token = peek();
    if (token.kind() != Kind.CLOSE) {
      throw new TemplateException("unexpected \"" + token.text() + "\" in action");
    }
    at++;
  }

  private Pipe pipe(boolean mayDeclare) {
    space();
    List<String> variables = new ArrayList<>();
    boolean declares = false;
    int start = at;
    if (mayDeclare) {
      while (peek().kind() == Kind.VARIABLE) {
        variables.add(tokens.get(at++).text());
        space();
        if (peek().is(",")) {
          at++;
          space();
          continue;
        }
        break;
      }
      if (!variables.isEmpty() && (peek().is(":=") || peek().is("="))) {
        declares = peek().is(":=");
        at++;
      } else {
        variables.clear();
        at = start;
      }
    }
    List<List<Operand>> commands = new ArrayList<>();
    List<Operand> command = new ArrayList<>();
    while (true) {
      space();
      Token token = peek();
      if (token.kind() == Kind.CLOSE || token.is(")")) {
        if (command.isEmpty()) {
          throw new TemplateException("missing value for command");
        }
        commands.add(command);
        return new Pipe(variables, declares, commands);
      }
      if (token.is("|")) {
        if (command.isEmpty()) {
          throw new TemplateException("missing value for command");
        }
        at++;
        commands.add(command);
        command = new ArrayList<>();
        continue;
      }
      command.add(operand());
    }
  }

  private Operand operand() {
    if (++depth > MOST_DEPTH) {
      throw new TemplateException("nested too deeply");
    }
    Token token = tokens.get(at++);
    Operand operand =
        switch (token.kind()) {
          case STRING -> new Operand.Literal(token.text());
          case CHARACTER -> new Operand.Literal((long) token.text().codePointAt(0));
          case NUMBER -> new Operand.Literal(GoFormat.number(token.text()));
          case DOT -> new Operand.Dot();
          case FIELD -> new Operand.Field(new Operand.Dot(), token.text().substring(1));
          case VARIABLE -> new Operand.Variable(token.text());
          case IDENTIFIER -> identifier(token.text());
          case SYMBOL -> {
            if (!token.is("(")) {
              throw new TemplateException("unexpected \"" + token.text() + "\" in operand");
            }
            Pipe pipe = pipe(false);
            if (!peek().is(")")) {
              throw new TemplateException("unclosed left paren");
            }
            at++;
            yield new Operand.Parens(pipe);
          }
          case TEXT, OPEN, CLOSE, SPACE ->
              throw new TemplateException("unexpected \"" + token.text() + "\" in operand");
        };
    while (peek().kind() == Kind.FIELD) {
      operand = new Operand.Field(operand, tokens.get(at++).text().substring(1));
    }
    depth--;
    return operand;
  }

  private Operand identifier(String name) {
    return switch (name) {
      case "true" -> new Operand.Literal(true);
      case "false" -> new Operand.Literal(false);
      case "nil" -> new Operand.Literal(null);
      default -> {
        if (!functions.contains(name)) {
          throw new TemplateException("function \"" + name + "\" not defined");
        }
        yield new Operand.Function(name);
      }
    };
  }
}
