/** What Varve tells about itself at {@code /metrics}; docs/METRICS.md lists it. */
@NullMarked
package io.varve.http.metrics;

import org.jspecify.annotations.NullMarked;
