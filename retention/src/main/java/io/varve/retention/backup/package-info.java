/**
 * Backups in a {@link io.varve.retention.chunkstore.ChunkStore}.
 *
 * <h2>Objects</h2>
 *
 * <pre>
 * varve-backups            how objects are written here, one line of text:
 *                            varve-backups 1 plain
 *                            varve-backups 1 aes-256-gcm SALT CHECK      (64 hex digits each)
 * objects/ab/ab…           a file of a data folder, named by its content
 * backups/NAME             the listing of a backup; it is the backup: what has none does not exist
 * log/TIMELINE/DAY/BEGIN-END-AFTER-LAST
 *                          a stretch of the log: seconds from which and up to which it tells where
 *                            the log stood, positions of the record before it and of its last one
 * log/TIMELINE/newest      the name of the newest of them, which may lag behind by one
 * creating/NAME            somebody makes a backup: milliseconds since the epoch, renewed each minute
 * pruning/UUID             somebody removes objects: the same
 * </pre>
 *
 * <p>An object's name is the SHA-256 of its bytes in hex, or, in an encrypted store, the
 * HMAC-SHA256 of those hex digits. Listings and files are encrypted, if the store says so; {@code
 * varve-backups} and the markers are not. A listing is stored last, after all objects that it names
 * were seen in the store. Names of backups are their UTC time and a random number, {@code
 * 20261122T183100.123Z-0badcafe}; those of timelines of the log look the same.
 *
 * <h2>Listing, version 1</h2>
 *
 * <p>One line of JSON, a line feed, the SHA-256 of the first line in hex, a line feed. Readers pass
 * over fields that they do not know. {@code shards} is the marker over all shards: for each its
 * store's number, the log position of the last record that is in the backup, and all files of its
 * data folder, which an engine opens as after a power cut. A store of one node has one shard.
 *
 * <pre>
 * {"format":"varve-backup","version":1,"name":"20261122T183100.123Z-0badcafe",
 *  "created":1795372260123,"shards":[{"shard":0,"store":"1122334455667788","position":42,
 *  "files":[{"path":"w=2026-11-22/b=0/c-1.tch","bytes":5,
 *  "sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}]}
 * </pre>
 *
 * <p>(without the line feeds within it). {@code created} is in milliseconds since the epoch. If the
 * log was being archived, {@code "timeline":"NAME","until":1795372260456} stand before {@code
 * files}: on which timeline the position lies, and when everything in the backup had been logged. A
 * file that was damaged before it was stored has {@code "damaged":true} behind its hash, which is
 * that of what was stored.
 *
 * <h2>Stretch of the log, version 1</h2>
 *
 * <p>Records as the engine's log had them, and at which second it stood where: before the second of
 * a mark began, its position was the last one. A second without a mark had the position of the next
 * one that has one. Integers are little-endian, a varint is LEB128.
 *
 * <pre>
 *  0   8  "VARVELOG"
 *  8   1  version 1
 *  9   8  number of the store
 * 17      shard varint, 0
 *         name of the object before it on the timeline: varint length, ASCII; empty for the first
 *         position of the record before the first one varint
 *         records varint, marks varint
 *         per mark: second - second of the mark before (0 at first) varint,
 *                   position - position of the mark before (0 at first) varint
 *         per record:
 *           flags    u8      1: a segment of the log begins with it
 *           type     u8
 *           position - that of the record before varint
 *           length   varint
 *           payload
 *    32  SHA-256 of all bytes before it
 * </pre>
 *
 * <p>The first mark repeats the last one of the stretch before, unless the time between is not
 * known: a process was killed, and the next one has found records. Example: the records 5 ("hello",
 * type 1, with which a segment begins) and 6 (empty, type 2) of store 0x1122334455667788, which
 * were both logged in second 1795372876; the checksum follows:
 *
 * <pre>
 * 56 41 52 56 45 4C 4F 47 01  88 77 66 55 44 33 22 11  00 00  04 02 02
 * CC EE 8C D8 06 04  01 02
 * 01 01 01 05 68 65 6C 6C 6F  00 02 01 00
 * </pre>
 *
 * <h2>Encrypted object, version 1</h2>
 *
 * <pre>
 *  0   8  "VARVESEA"
 *  8   1  version 1
 *  9  32  random salt
 * 41      pieces: 64 KiB each before encryption, the last one shorter or empty, each with its tag
 *         of 16 bytes behind it
 * </pre>
 *
 * <p>K is the operator's key of 32 bytes. All keys are 32 bytes of HKDF-SHA256 of K:
 *
 * <ul>
 *   <li>of the object: its salt, info {@code varve backup object}; used with AES-256-GCM. The nonce
 *       is the piece's number (from 0) as 12 bytes, big-endian. Associated data are the object's
 *       name, a zero byte, the piece's number (8 bytes, big-endian), and 1 for the last piece, else
 *       0.
 *   <li>of names: the store's SALT, info {@code varve backup names}.
 *   <li>CHECK, which tells a wrong key: the store's SALT, info {@code varve backup check}.
 * </ul>
 *
 * <p>Example: K = 00 11 22 … FF twice, salt 32 × 20, object {@code objects/ab/abcd}, bytes "hello":
 *
 * <pre>
 * 56 41 52 56 45 53 45 41  01  20 × 32
 * B6 C8 50 BD 9C  BB 87 C5 92 4E 11 E0 02 18 F4 51 0F BC 93 5B 1F
 * </pre>
 */
@NullMarked
package io.varve.retention.backup;

import org.jspecify.annotations.NullMarked;
