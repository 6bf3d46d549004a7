/**
 * PromQL as text: lexer, parser, typed syntax tree and printer.
 *
 * <p><b>The way of a query.</b> {@link io.varve.query.promql.Parser} asks {@code TokenStream} for
 * tokens, which {@code Lexer} cuts one at a time; it builds an {@link io.varve.query.promql.Expr}
 * with the help of {@code DurationParser} (what stands for a duration) and {@code Modifiers} (what
 * follows a selector); {@code TypeChecker} then walks the tree once and gives binary operations
 * their final matching. What comes out is immutable and well-typed: whoever evaluates it need not
 * check again. {@link io.varve.query.promql.DurationResolver} puts numbers in place of arithmetic
 * over the query's step, and {@link io.varve.query.promql.Printer} writes a tree as canonical text,
 * the key under which results are cached.
 *
 * <p><b>The grammar</b>, in outline ({@code [x]} may be left out, {@code x*} may repeat, and the
 * words in capitals come in any case):
 *
 * <pre>
 * expr      = operand | expr operator [BOOL] [matching] [fill] expr
 * operand   = sign expr | primary modifier*
 * primary   = number | duration | string | "(" expr ")" | selector | call | aggregate
 * call      = function "(" [expr ("," expr)*] ")"
 * aggregate = name [grouping] "(" [expr ","] expr ")" [grouping]     grouping only once
 * grouping  = (BY | WITHOUT) labels
 * matching  = (ON | IGNORING) labels [(GROUP_LEFT | GROUP_RIGHT) [labels]]
 * fill      = FILL value | FILL_LEFT value [FILL_RIGHT value] | FILL_RIGHT value [FILL_LEFT value]
 * labels    = "(" [label ("," label)* [","]] ")"
 * selector  = name | [name] "{" [matcher ("," matcher)* [","]] "}"
 * matcher   = label ("=" | "!=" | "=~" | "!~") string | string       alone, it names the metric
 * modifier  = "[" range "]" | "[" range ":" [step] "]" | OFFSET offset
 *           | "@" (time | START "()" | END "()") | ANCHORED | SMOOTHED
 * </pre>
 *
 * <p><b>Precedence</b>, from loose to tight: {@code or}; {@code and unless}; {@code == != < <= > >=
 * </ >/}; {@code + -}; {@code * / % atan2}; {@code ^}. All associate to the left but {@code ^}. A
 * sign binds like a product, so {@code -1^2} is {@code -(1^2)} while {@code -1*2} is {@code
 * (-1)*2}; a signed number is one literal. Modifiers bind tighter than any operator, to the
 * selector before them: {@code a + b offset 5m} shifts {@code b} alone. In ranges and steps
 * arithmetic is free; an offset takes one operand, unless it begins with a parenthesis (or a second
 * sign): {@code a offset 5m * 2} doubles the vector, {@code a offset (5m * 2)} the offset.
 *
 * <p><b>Words.</b> There are no reserved words but {@code bool on ignoring group_left group_right
 * atan2}: every other keyword also names metrics, and all of them name labels. What a word is, the
 * token behind it tells: {@code sum} is an aggregation before a parenthesis, {@code by} or {@code
 * without}, else a metric; {@code fill} is a modifier before a parenthesis only. Names of functions
 * mind case, keywords do not. In quotes, metrics and labels may have any name.
 *
 * <p><b>Errors</b> carry a {@link io.varve.query.promql.Position}, from which the message takes
 * line and column: both from 1, columns in bytes of UTF-8, as Prometheus counts. Positions
 * themselves count chars, so that {@code substring} yields the text. A node's position spans its
 * own text with all modifiers; operators have none, so an error at an operator stands behind the
 * left operand. A syntax error names the token that does not fit, then what it happened in and what
 * would have fitted; a construct that has no words of its own for that ({@code rate(a b)}) inherits
 * those of the construct around it ({@code sum(rate(a b))} is an error "in aggregation"). That, the
 * order of checks and the words are Prometheus', because people and programs match on them. Of
 * several errors only the first is reported: syntax before types, left before right, inner before
 * outer.
 *
 * <p><b>Limits.</b> A query is text from anywhere. Its length is bounded, and so are the depth of
 * its syntax, the height of its tree, and what its regular expressions may weigh all together
 * ({@code RegexBudget}); so the parser runs in time and memory linear in the text, and its
 * recursion fits a common stack. Whatever the text, the outcome is a tree or a {@link
 * io.varve.query.promql.ParseException}.
 */
@NullMarked
package io.varve.query.promql;

import org.jspecify.annotations.NullMarked;
