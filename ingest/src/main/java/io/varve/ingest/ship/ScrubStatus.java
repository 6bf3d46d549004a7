package io.varve.ingest.ship;

import org.jspecify.annotations.Nullable;

/**
 * How the background scrub stands, since it began.
 *
 * @param filesRead files that were proven
 * @param bytesRead bytes of them
 * @param damaged files that were found damaged or missing
 * @param repaired of those, how many were put right from another replica
 * @param failed attempts to put a file right that failed
 * @param differences files that another replica has otherwise, found in comparisons
 * @param reinstalls times that the whole store was to be taken from another node
 * @param passes times that all files were proven and compared
 * @param lastPass what the last pass found; null before the first has ended
 */
public record ScrubStatus(
    long filesRead,
    long bytesRead,
    long damaged,
    long repaired,
    long failed,
    long differences,
    long reinstalls,
    long passes,
    @Nullable ScrubReport lastPass) {}
