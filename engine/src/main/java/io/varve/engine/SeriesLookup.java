package io.varve.engine;

/**
 * Finds head ids of known series from their canonical label bytes, without creating objects: what
 * ingest recognises series with. Any thread may ask; an answer holds for the generation that was
 * read before it.
 */
public interface SeriesLookup {
  /** Changes whenever the head renumbers its series. Read it first, put it into the batch. */
  int generation();

  /** A small number for a tenant, stable while the engine is open. */
  int tenantId(String tenant);

  /**
   * True if {@code id} is the series of exactly these labels: the cheap check of a guess (ids of
   * one scrape follow each other). Any id may be asked, also one that does not exist.
   */
  boolean is(int id, int tenantId, byte[] labels, int offset, int length);

  /** The id of these labels, or {@code WriteBatch.UNKNOWN}. */
  int find(int tenantId, byte[] labels, int offset, int length);
}
