/** Backups of the running server, and the places that settings name for them. */
@NullMarked
package io.varve.http.backup;

import org.jspecify.annotations.NullMarked;
