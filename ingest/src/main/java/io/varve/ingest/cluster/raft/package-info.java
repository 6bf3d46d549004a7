/**
 * The log of a shard that is replicated by Raft (Apache Ratis): every replica has its records in
 * one order, the leader appends them, and an append is acknowledged when a majority has it on disk.
 *
 * <h2>An entry of the log, version 1</h2>
 *
 * <p>What Raft calls the data of a state machine's entry. Length and checksum are Raft's.
 *
 * <pre>
 *  0  1  version: 1
 *  1  1  flags: 1 = a segment begins with this record: its encoding refers to none before it
 *               2 = the record goes on in the next entry
 *               4 = the entry goes on with a record that began in an entry before
 *  2  1  type of the record, 1 to 255, the engine's affair; the same in all its entries
 *  3  1  0
 *  4  8  when it was appended by the leader's clock, in ms since 1970, little-endian
 * 12     payload, or the part of it that is in this entry
 * </pre>
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li>The sequence number of a record is Raft's index of its last entry. Raft has entries of its
 *       own, so sequence numbers have gaps.
 *   <li>The entries of one record follow each other with nothing but entries of Raft's own between
 *       them. If a leader is lost amid a record, what is there of it is dropped when another record
 *       begins.
 *   <li>A leader's first record begins a segment.
 * </ul>
 *
 * <h2>Example</h2>
 *
 * <p>A record of type 1 with payload "hello", appended at 1,700,000,000,000 ms, that begins a
 * segment:
 *
 * <pre>
 * 01  version   01  flags   01  type   00
 * 00 68 E5 CF 8B 01 00 00  1700000000000
 * 68 65 6C 6C 6F           "hello"
 * </pre>
 *
 * <h2>The position file, version 1</h2>
 *
 * <p>{@code sm/position} in the folder of a Raft group: what Raft takes for its snapshot. All
 * entries up to there are in the saved state of the engine, and may be gone from the log.
 *
 * <pre>
 * {@link io.varve.engine.format.FileHeader}  40 bytes: format "raftpos", number = index
 *  40  8  term of the entry at this index, little-endian
 *  48  4  CRC-32C of bytes 40 to 47
 * </pre>
 */
@NullMarked
package io.varve.ingest.cluster.raft;

import org.jspecify.annotations.NullMarked;
