/** The commands of the command line. Exit codes: 0 done, 1 failed, 2 not understood. */
@NullMarked
package io.varve.http.cli;

import org.jspecify.annotations.NullMarked;
