package io.varve.http.reload;

import io.varve.http.config.ServerConfig;
import java.util.Set;

/**
 * A part of the server that can go on with other settings. One thread at a time calls it, while
 * others go on using it.
 */
public interface Reloadable {
  /**
   * The settings that it puts into force: full names of keys ({@code log_level}) or of sections
   * ({@code retention}). A change of any other setting is reported as one that needs a restart.
   */
  Set<String> settings();

  /**
   * Checks all that it needs of new settings, the files they name included, and changes nothing.
   *
   * @return what puts them into force; it runs after every part has prepared, and does not fail
   *     unless the store can be written no more
   * @throws io.varve.http.config.ConfigException saying what is wrong; everything stays as it is
   */
  Runnable prepare(ServerConfig next);
}
