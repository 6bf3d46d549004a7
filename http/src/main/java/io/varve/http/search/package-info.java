/**
 * How like a text is to what somebody types: the scores of the search API ({@code
 * /api/v1/search/…}), with the numbers of Prometheus 3.14 ({@code web/api/v1/search_filters.go},
 * {@code util/strutil}), and the best texts of many.
 */
@NullMarked
package io.varve.http.search;

import org.jspecify.annotations.NullMarked;
