package io.varve.engine;

/**
 * What the files of one window hold.
 *
 * @param start exclusive start, milliseconds since the epoch
 * @param end inclusive end
 * @param generation grows when the window's files are replaced
 * @param series series in its index
 * @param blocks blocks of all series
 * @param samples samples in chunk files, those that are hidden by deletes included
 * @param chunkBytes size of chunk files
 * @param indexBytes size of index files
 * @param merged true if all files are final: merged, or of the window's only flush
 * @param deletes true if some of it is deleted and waits for a merge
 */
public record WindowStats(
    long start,
    long end,
    long generation,
    long series,
    long blocks,
    long samples,
    long chunkBytes,
    long indexBytes,
    boolean merged,
    boolean deletes) {}
