/** PromQL as text: lexer, parser, typed syntax tree and printer. */
@NullMarked
package io.varve.query.promql;

import org.jspecify.annotations.NullMarked;
