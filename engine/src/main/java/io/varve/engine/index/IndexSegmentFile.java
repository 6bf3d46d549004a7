package io.varve.engine.index;

/**
 * A segment file that was written and is durable.
 *
 * @param path path relative to the data folder
 * @param bytes size of the file
 * @param sha256 SHA-256 of the whole file, 64 lower-case hex digits
 * @param firstId window id of the first series
 * @param count how many series
 */
public record IndexSegmentFile(String path, long bytes, String sha256, int firstId, int count) {}
