/**
 * The server's settings: one YAML file, then the command line. Whatever a file says that is not
 * understood is an error that names the place.
 */
@NullMarked
package io.varve.http.config;

import org.jspecify.annotations.NullMarked;
