/**
 * Go's text templates, as far as alerting rules use them: actions with pipelines, variables, {@code
 * if}, {@code range}, {@code with}, {@code define} and {@code template}; Go's built-in functions
 * and those of Prometheus. Values are strings, doubles, longs, booleans, maps, lists and {@link
 * io.varve.retention.rules.template.Sample}.
 */
@NullMarked
package io.varve.retention.rules.template;

import org.jspecify.annotations.NullMarked;
