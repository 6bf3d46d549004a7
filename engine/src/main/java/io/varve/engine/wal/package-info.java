/**
 * The local write-ahead log: a folder of segments, each named by the sequence number of its first
 * record in 16 hex digits.
 *
 * <h2>Segment, version 1</h2>
 *
 * <pre>
 * {@link io.varve.engine.format.FileHeader}  40 bytes: format "wal", number = first sequence number
 * record*
 *
 * record, little-endian:
 *  0  4  CRC-32C of: store id (8), first sequence of the segment (8), bytes 4 to the record's end
 *  4  4  length of the payload, at most 64 MiB
 *  8  8  sequence number
 * 16  4  undurable: sequence number - highest sequence number known to be on stable storage when
 *        the record was written; FFFFFFFF stands for that or more
 * 20  1  type: 0 = end mark, 1 to 255 = a record of the engine
 * 21     payload
 * </pre>
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li>Sequence numbers in a segment run from its first one without a gap. An end mark repeats the
 *       number of the record before it, has no payload, and says that all before it is on stable
 *       storage.
 *   <li>A segment is synced before the next one is created: the next one's existence proves that
 *       this one was whole.
 *   <li>A process that starts never appends to a segment with records; it begins a new one.
 *   <li>Older segments are deleted only when the newest, which may be empty, is on stable storage:
 *       its name says where the log goes on.
 *   <li>The checksum starts with store and segment, so that neither a record of another file nor
 *       bytes inside a payload can pass for a record here.
 * </ul>
 *
 * <h2>Bad bytes</h2>
 *
 * <p>Every record carries what was durable when it was written. In the last segment bad bytes at a
 * record that nothing proves durable (no readable record behind them carries a durable number that
 * reaches it) are a torn write: the segment is cut there. All other bad bytes are damage: the rest
 * of that segment is reported, reading goes on with the next segment.
 *
 * <h2>Example</h2>
 *
 * <p>Store id 0x1122334455667788, segment {@code 0000000000000005.wal}: record 5 of type 1 with
 * payload "hello" (nothing durable before it but 4), then, both synced, the end mark of a clean
 * stop.
 *
 * <pre>
 * 89 56 41 52 56 45 0D 0A  magic
 * 77 61 6C 00 00 00 00 00  "wal"
 * 01 00 00 00              version 1
 * 88 77 66 55 44 33 22 11  store id
 * 05 00 00 00 00 00 00 00  first sequence 5
 * 73 83 BA 1A              CRC-32C
 *
 * 03 C0 CE 59  CRC-32C   05 00 00 00  length
 * 05 00 00 00 00 00 00 00  sequence 5
 * 01 00 00 00  undurable   01  type   68 65 6C 6C 6F  "hello"
 *
 * 24 1E DE 8D  CRC-32C   00 00 00 00  length
 * 05 00 00 00 00 00 00 00  sequence 5
 * 00 00 00 00  undurable   00  type
 * </pre>
 */
@NullMarked
package io.varve.engine.wal;

import org.jspecify.annotations.NullMarked;
