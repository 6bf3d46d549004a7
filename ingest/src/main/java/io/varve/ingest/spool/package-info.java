/**
 * Write requests on the disk of the node that took them, until a cluster has them: what {@code
 * replication: async} acknowledges. They are kept in a folder of segments of their own, in the
 * format of the local log ({@link io.varve.engine.wal}), each as a record of type 1.
 *
 * <h2>Payload, version 1</h2>
 *
 * <p>Integers are little-endian; a string is a varint of its length in bytes, then UTF-8.
 *
 * <pre>
 * taken    i64      milliseconds since the epoch, by the clock of the node that took it
 * path     string   of the request
 * n        u8       headers that the request is sent on with
 *   name   string   n times
 *   value  string
 * body              to the end, as it came
 * </pre>
 *
 * <p>Beside the segments stands the text file {@code DELIVERED}: the sequence number up to which
 * requests are in the cluster, in decimal digits, a blank, the CRC-32C of the digits in 8 hex
 * digits, and a line feed. It may be a second old: requests behind it are sent once more after a
 * start, which changes nothing, as the same sample twice is one sample. If it is damaged, all that
 * is kept is sent once more.
 *
 * <h2>Example</h2>
 *
 * <p>A body of two bytes, 1 and 2, taken at 1000 ms by {@code /w} with the header {@code a: b}:
 *
 * <pre>
 * E8 03 00 00 00 00 00 00   taken
 * 02 2F 77                  path
 * 01  01 61  01 62          one header
 * 01 02                     body
 * </pre>
 */
@NullMarked
package io.varve.ingest.spool;

import org.jspecify.annotations.NullMarked;
