/**
 * Changes label sets, or drops what has them, as Prometheus' relabelling does: {@link
 * io.varve.http.relabel.RelabelStep} is one entry of a configuration, {@link
 * io.varve.http.relabel.Relabeling} a list of them that is ready to be used.
 */
@NullMarked
package io.varve.http.relabel;

import org.jspecify.annotations.NullMarked;
