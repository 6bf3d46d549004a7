package io.varve.query.promql;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a token is. Words are recognised in any case, and most of them may name a metric too. */
enum TokenType {
  EOF(Kind.NAMED, "end of input"),
  IDENTIFIER(Kind.NAMED, "identifier"),
  METRIC_IDENTIFIER(Kind.NAMED, "metric identifier"),
  STRING(Kind.NAMED, "string"),
  NUMBER(Kind.NAMED, "number"),
  DURATION(Kind.NAMED, "duration"),

  LEFT_PAREN(Kind.PUNCTUATION, "("),
  RIGHT_PAREN(Kind.PUNCTUATION, ")"),
  LEFT_BRACE(Kind.PUNCTUATION, "{"),
  RIGHT_BRACE(Kind.PUNCTUATION, "}"),
  LEFT_BRACKET(Kind.PUNCTUATION, "["),
  RIGHT_BRACKET(Kind.PUNCTUATION, "]"),
  COMMA(Kind.PUNCTUATION, ","),
  COLON(Kind.PUNCTUATION, ":"),
  ASSIGN(Kind.PUNCTUATION, "="),

  AT(Kind.OPERATOR, "@"),
  MATCH(Kind.OPERATOR, "=~"),
  MATCH_NOT(Kind.OPERATOR, "!~"),
  ADD(Operator.ADD),
  SUB(Operator.SUB),
  MUL(Operator.MUL),
  DIV(Operator.DIV),
  MOD(Operator.MOD),
  POW(Operator.POW),
  ATAN2(Operator.ATAN2),
  EQ(Operator.EQ),
  NEQ(Operator.NEQ),
  LT(Operator.LT),
  LTE(Operator.LTE),
  GT(Operator.GT),
  GTE(Operator.GTE),
  AND(Operator.AND),
  OR(Operator.OR),
  UNLESS(Operator.UNLESS),
  TRIM_UPPER(Operator.TRIM_UPPER),
  TRIM_LOWER(Operator.TRIM_LOWER),

  AVG(Aggregation.AVG),
  BOTTOMK(Aggregation.BOTTOMK),
  COUNT(Aggregation.COUNT),
  COUNT_VALUES(Aggregation.COUNT_VALUES),
  GROUP(Aggregation.GROUP),
  LIMIT_RATIO(Aggregation.LIMIT_RATIO),
  LIMITK(Aggregation.LIMITK),
  MAX(Aggregation.MAX),
  MIN(Aggregation.MIN),
  QUANTILE(Aggregation.QUANTILE),
  STDDEV(Aggregation.STDDEV),
  STDVAR(Aggregation.STDVAR),
  SUM(Aggregation.SUM),
  TOPK(Aggregation.TOPK),

  BOOL(Kind.KEYWORD, "bool"),
  BY(Kind.KEYWORD, "by"),
  WITHOUT(Kind.KEYWORD, "without"),
  ON(Kind.KEYWORD, "on"),
  IGNORING(Kind.KEYWORD, "ignoring"),
  GROUP_LEFT(Kind.KEYWORD, "group_left"),
  GROUP_RIGHT(Kind.KEYWORD, "group_right"),
  FILL(Kind.KEYWORD, "fill"),
  FILL_LEFT(Kind.KEYWORD, "fill_left"),
  FILL_RIGHT(Kind.KEYWORD, "fill_right"),
  OFFSET(Kind.KEYWORD, "offset"),
  ANCHORED(Kind.KEYWORD, "anchored"),
  SMOOTHED(Kind.KEYWORD, "smoothed"),

  START(Kind.CALLABLE, "start"),
  END(Kind.CALLABLE, "end"),
  STEP(Kind.CALLABLE, "step"),
  RANGE(Kind.CALLABLE, "range"),
  MAX_OF(Kind.CALLABLE, "max_of"),
  MIN_OF(Kind.CALLABLE, "min_of");

  /** How a token is described in a message. */
  enum Kind {
    /** By its name and its text: {@code identifier "foo"}. */
    NAMED,
    /** By its text: {@code "("}. */
    PUNCTUATION,
    /** As {@code <op:+>}. */
    OPERATOR,
    /** As {@code <aggr:sum>}. */
    AGGREGATION,
    /** As {@code <by>}. */
    KEYWORD,
    /** By its text: a word that is also a function. */
    CALLABLE
  }

  private static final Map<String, TokenType> WORDS = new HashMap<>();

  static {
    for (TokenType type : values()) {
      boolean word =
          switch (type.kind) {
            case KEYWORD, AGGREGATION, CALLABLE -> true;
            case OPERATOR -> Character.isLetter(type.text.charAt(0));
            case NAMED, PUNCTUATION -> false;
          };
      if (word) {
        WORDS.put(type.text, type);
      }
    }
    WORDS.put("inf", NUMBER);
    WORDS.put("nan", NUMBER);
  }

  private final Kind kind;
  private final String text;
  private final @Nullable Operator operator;
  private final @Nullable Aggregation aggregation;

  TokenType(Kind kind, String text) {
    this.kind = kind;
    this.text = text;
    this.operator = null;
    this.aggregation = null;
  }

  TokenType(Operator operator) {
    this.kind = Kind.OPERATOR;
    this.text = operator.text();
    this.operator = operator;
    this.aggregation = null;
  }

  TokenType(Aggregation aggregation) {
    this.kind = Kind.AGGREGATION;
    this.text = aggregation.text();
    this.operator = null;
    this.aggregation = aggregation;
  }

  /** The type of a word that is more than an identifier; null if it is not. */
  static @Nullable TokenType ofWord(String word) {
    return WORDS.get(word.toLowerCase(Locale.ROOT));
  }

  /** The binary operator; null if it is none. */
  @Nullable Operator operator() {
    return operator;
  }

  /** The aggregation; null if it is none. */
  @Nullable Aggregation aggregation() {
    return aggregation;
  }

  /** True if a metric may be called so outside of quotes. */
  boolean namesMetric() {
    return switch (this) {
      case BOOL, ON, IGNORING, GROUP_LEFT, GROUP_RIGHT, ATAN2 -> false;
      default -> namesLabel();
    };
  }

  /** True if a label may be called so in a list of labels. */
  boolean namesLabel() {
    return switch (kind) {
      case AGGREGATION, KEYWORD, CALLABLE -> true;
      case OPERATOR -> this == AND || this == OR || this == UNLESS || this == ATAN2;
      case NAMED -> this == IDENTIFIER || this == METRIC_IDENTIFIER;
      case PUNCTUATION -> false;
    };
  }

  /** True if it calls a function when a parenthesis follows. */
  boolean namesFunction() {
    return this == IDENTIFIER || kind == Kind.CALLABLE;
  }

  /** How messages call a token of this type with this text. */
  String describe(String text) {
    return switch (kind) {
      case NAMED ->
          switch (this) {
            case EOF -> this.text;
            case IDENTIFIER, METRIC_IDENTIFIER -> this.text + ' ' + GoText.quote(text);
            default -> this.text + ' ' + GoText.quoteShort(text);
          };
      case OPERATOR -> "<op:" + text + ">";
      case AGGREGATION -> "<aggr:" + text + ">";
      case KEYWORD -> "<" + text + ">";
      case PUNCTUATION, CALLABLE -> GoText.quote(text);
    };
  }
}
