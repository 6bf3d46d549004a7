/** What the nodes of a cluster ask of each other. */
@NullMarked
package io.varve.http.cluster;

import org.jspecify.annotations.NullMarked;
