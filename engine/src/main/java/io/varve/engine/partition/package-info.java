/**
 * What is on disk: chunk files, tombstones, and the manifest that says which of them exist.
 *
 * <p>All numbers are little-endian. {@code varint} is unsigned LEB128, {@code zigzag} a varint of
 * {@code (v << 1) ^ (v >> 63)}, {@code string} a varint length and UTF-8. Checksums are CRC-32C.
 * Files are written under a temporary name, synced, renamed, and their folder is synced, before the
 * manifest names them. No clock, no thread order and no id of a machine goes into a byte, so that
 * replicas that seal the same log prefix have equal files.
 *
 * <h2>Chunk file, version 1</h2>
 *
 * <pre>
 *   0  HEADER    64 bytes: "VarveTCH", u16 version = 1, u16 encoder version, u8 level, u8 rank
 *                (0 in order, 1 late, 2 corrections), u16 bucket, u32 buckets, u32 CRC of the retention class
 *                (0 for the default), i64 window start, i64 window width, i64 first and i64 last
 *                log sequence, u32 width of cells in ms (0: a file of samples), u32 CRC of the 60
 *                bytes before
 *  64  VALUES    the blocks, in file order: a float or histogram block (package codec), then,
 *                if a row has a start timestamp, an integer block of them
 *      TIMES     the distinct time columns, in the order of their first use
 *      COLUMNS   pages of 512 time columns each
 *      BLOCKS    pages of 512 blocks each
 *      STATS     the aggregates of the same blocks, page for page
 *      ROWS      one page: which series the rows are, and how many blocks each has
 *      EXEMPLARS pages of at most 1,024, each with its length (varint) in front
 *      METADATA  the same
 *      FOOTER    see below
 * end-24 TRAILER i64 where the footer begins, u32 its length, u32 CRC of the footer and these
 *                twelve bytes, "HCTevraV"
 * </pre>
 *
 * <p>A row is a series. The blocks of a row follow each other in file order and in time; no block
 * leaves the window, no series has two rows. A block's number of rows and its first and last time
 * are those of its time column.
 *
 * <p><b>A file of cells</b> (of a continuous aggregate) is one in which VALUES and TIMES are empty.
 * Its blocks are cells: what lies in (n × width, (n + 1) × width] of a row, with the number of
 * samples, the times of the first and last one (which cells of equal ones share as a time column of
 * no bytes), and their aggregates. A cell without aggregates holds samples that these cannot
 * express. More than 65,535 samples take several cells one after the other.
 *
 * <p><b>Page</b> of the directory: {@code u8 0} and the body, or {@code u8 1}, varint length of the
 * body, and the body as a zstd frame. Body: columns of integers, one after the other. A column of n
 * integers is a varint length and an integer block (package codec) of n; length 0 means that all
 * are 0; nothing at all is written if n is 0.
 *
 * <ul>
 *   <li>COLUMNS: varint where the first begins in TIMES, then the columns: rows; first time; last −
 *       first time; bytes.
 *   <li>BLOCKS: varint where the first begins in VALUES, then the columns: flags (1 histograms, 2
 *       start timestamps, 4 aggregates, 8 first of its row; of cells besides: 16 lacks its first
 *       value, 32 its resets, 64 its sum, 128 its bounds, which stand as they cost nothing); time
 *       column; bytes; bytes of start timestamps (of flagged blocks only).
 *   <li>ROWS: for each 32,768 rows: window ids; numbers of blocks.
 *   <li>EXEMPLARS: varint n, then the columns: window ids; times; bits of the values; lengths of
 *       the labels; then the labels.
 *   <li>METADATA: varint n, then n times tenant, metric, type, unit, help as strings.
 *   <li>STATS: columns over those blocks that have aggregates, each over the blocks it applies to:
 *       <ol>
 *         <li>shape: 0 no value, 1 constant, else 2 + 3 × source of min + source of max (source: 0
 *             stored, 1 = first value, 2 = last value);
 *         <li>stale markers;
 *         <li>if there are stale markers and values: first value's time − first row's time, last
 *             row's − last value's;
 *         <li>scale e (not for shape 0): the smallest of 0 to 18 by which first, last, min and max
 *             are L / 10^e within one unit in the last place, 31 if there is none. For scale ≤ 18:
 *         <li>L of the first value, where the block begins a row (or a page, or follows one without
 *             scale);
 *         <li>L of the first value − L of the value that ended the block before, rescaled;
 *         <li>corrections: bits of first, last, stored min, stored max, in the order of the
 *             doubles, − bits of L / 10^e;
 *         <li>(from here on not for constant blocks) L of last − L of first;
 *         <li>min(first, last) − stored min;
 *         <li>stored max − max(first, last);
 *         <li>L of the sum − (count × (min + max) >> 1);
 *         <li>its correction in the bits;
 *         <li>also for scale 31: what the rounding of the sum left out, in 1/256 of its ulp;
 *         <li>also for scale 31: resets;
 *         <li>if there are resets: L of the reset correction − resets × (L of sum / count);
 *         <li>its correction in the bits;
 *         <li>for scale 31: bits of the first value in the order of the doubles; of last, stored
 *             min and stored max, less those of the first; of the sum, less those of count × (min/2
 *             + max/2); with resets, of the reset correction, less those of resets × (sum / count).
 *       </ol>
 * </ul>
 *
 * <p><b>Footer</b>: string retention class; varints: rows, blocks, time columns, samples; zigzag
 * earliest time, varint latest − earliest; varint lengths: of the eight sections, of the pages of
 * COLUMNS, of BLOCKS, of STATS; then u32 CRC of each 64 KiB of the file up to the footer.
 *
 * <p><b>Example</b>: bucket 7 of 16 of 2025-11-21, log 100 to 2000, series 42 with the values 1.5,
 * 2.5, 0.5 at 00:00:15, :30, :45 (the golden test decodes these bytes):
 *
 * <pre>
 * 00  56 61 72 76 65 54 43 48 01 00 01 00 00 00 07 00   header
 * 10  10 00 00 00 00 00 00 00 00 ec b5 a3 9a 01 00 00
 * 20  00 5c 26 05 00 00 00 00 64 00 00 00 00 00 00 00
 * 30  d0 07 00 00 00 00 00 00 00 00 00 00 d7 23 2b 06
 * 40  02 0c 0a 05 02 09                                 VALUES: decimals 15, 25, 5 / 10
 * 46  01 b0 9a b1 bb d4 66 98 75                        TIMES: grid from 00:00:15, step 15,000
 * 4f  00 00 02 80 06 07 80 b0 9a b1 bb d4 66 04 80 e0   COLUMNS: at 0; 3 rows; 00:00:15;
 *     d4 03 02 80 12                                    30,000 ms long; 9 bytes
 * 64  00 00 02 80 18 00 02 80 0c                        BLOCKS: at 0; flags 12; column 0; 6 bytes
 * 6d  00 02 80 10 00 02 80 02 02 80 1e 00 02 80 13 02   STATS: shape 8 (min = last); 0 stale; e 1;
 *     80 14 00 00 00 02 80 02 02 80 14 00               L 15; exact; rise −10; max 10 above; sum
 *                                                       as foretold, exact; 1 reset; 10 more
 * 89  00 02 80 54 02 80 02                              ROWS: series 42; 1 block
 * 90  00 01 01 01 03 b0 9a b1 bb d4 66 b0 ea 01         FOOTER: class ""; 1 row, block, column;
 *                                                       3 samples; times
 * 9e  06 09 15 09 1c 07 00 00 15 09 1c                  lengths of sections and pages
 * a9  f7 d6 9c 93                                       CRC of bytes 0 to 8f
 * ad  90 00 00 00 00 00 00 00 1d 00 00 00 82 02 0d f0   TRAILER
 * bd  48 43 54 65 76 72 61 56
 * </pre>
 *
 * <p>Example: the same three samples in cells of 30 s that lack resets (the golden test decodes
 * these bytes):
 *
 * <pre>
 * 00  56 61 72 76 65 54 43 48 01 00 01 00 01 00 07 00  header: level 1, cells of 30,000 ms
 * 10  10 00 00 00 00 00 00 00 00 ec b5 a3 9a 01 00 00
 * 20  00 5c 26 05 00 00 00 00 64 00 00 00 00 00 00 00
 * 30  d0 07 00 00 00 00 00 00 30 75 00 00 46 ab 5f 49
 * 40  00 00 03 08 02 06 0b 85 b0 ea 01 b0 9a b1 bb d4  COLUMNS: 2 and 1 rows; no bytes
 * 50  66 02 06 0c 98 75 00 01 01 00
 * 5a  00 00 04 85 08 58 01 03 08 01 02 00              BLOCKS: flags 2c, 24; columns 0, 1
 * 66  00 04 85 06 0e 01 00 02 80 02 02 80 1e 02 80 27  STATS
 * 76  00 02 80 14 00 00 00 00
 * 7e  00 02 80 54 02 80 04                             ROWS: series 42; 2 cells
 * 85  00 01 02 02 03 b0 9a b1 bb d4 66 b0 ea 01 00 00  FOOTER: class ""; 1 row, 2 cells
 * 95  1a 0c 18 07 00 00 1a 0c 18 3a 18 06 87
 * a2  85 00 00 00 00 00 00 00 1d 00 00 00 dc ee 0e 3e  TRAILER
 * b2  48 43 54 65 76 72 61 56
 * </pre>
 *
 * <h2>Tombstone file, version 1</h2>
 *
 * <pre>
 * "VarveTMB", u32 version = 1, u32 entries, then of each: i64 log position, i64 start (exclusive),
 * i64 end (inclusive), u32 length, and that many bytes: the window ids as a bitmap in Roaring's
 * portable format, run-optimised; at the end u32 CRC of everything before
 * </pre>
 *
 * <p>Example: series 7 and 42 are deleted in the first hour of 2025-11-21, at log position 2001:
 *
 * <pre>
 * 00  56 61 72 76 65 54 4d 42 01 00 00 00 01 00 00 00   magic, version, 1 entry
 * 10  d1 07 00 00 00 00 00 00 00 ec b5 a3 9a 01 00 00   position, start
 * 20  80 da ec a3 9a 01 00 00 14 00 00 00 3a 30 00 00   end, 20 bytes of bitmap
 * 30  01 00 00 00 00 00 01 00 10 00 00 00 07 00 2a 00
 * 40  0b 73 4f 19                                       CRC
 * </pre>
 *
 * <h2>File of a delete, version 1</h2>
 *
 * <p>What is known of one delete, {@code deletes/<id>-<position>.del}; both are log positions in
 * hex, the second that of what changed it last. The manifest names it by the watermark {@code
 * delete/<id>}.
 *
 * <pre>
 * "VarveDEL", u32 version = 1, varint id, string tenant, zigzag start (exclusive), zigzag end
 * (inclusive), varint n and n matchers: u8 type (0 =, 1 !=, 2 =~, 3 !~), string name, string value;
 * zigzag when (ms since the epoch), varint position of the undelete (0: none), zigzag when,
 * varint n and n windows: zigzag start, varint series, varint samples, varint bytes, u8 end (0
 *   hidden, 1 purged, 2 dropped), varint position of the merge or drop, zigzag when,
 *   varint samples written later, varint n and n files removed, varint n and n files written:
 *   string path, 32 bytes of SHA-256;
 * at the end u32 CRC of everything before
 * </pre>
 *
 * <p>Example: {@code {a="b"}} of the default tenant in (0, 1000], id 7, decided at 2000; it hid one
 * sample of one series in the window from 0, which is on the disk still:
 *
 * <pre>
 * 00  56 61 72 76 65 44 45 4c 01 00 00 00 07 00 00 d0   magic, version, id, tenant, start
 * 10  0f 01 00 01 61 01 62 a0 1f 00 00 01 00 01 01 05   end, matcher, when, not undone, 1 window:
 * 20  00 00 00 00 00 00                                 from 0, 1 series, 1 sample, 5 bytes, hidden
 * 26  81 b0 15 f0                                        CRC
 * </pre>
 *
 * <h2>File of grouped aggregates, version 1</h2>
 *
 * <p>What a rule yields at the steps of one window, {@code g-<step ms>-<rule>-<state>.grp} in the
 * window's folder. The manifest says of which rule and which state of the window; of tables without
 * groups there is an entry there, of 0 bytes, and no file.
 *
 * <pre>
 * "VarveGRP", u32 version = 1, zigzag start of the window, varint step (ms), varint steps,
 * varint n and n columns: string name, u8 1 (0: what there is cannot be expressed, and is left out),
 * varint n and n groups: string tenant, varint length and canonical label bytes,
 * of each column that is there, of each group: u8 form,
 *   if it has 4: ⌈steps / 8⌉ bytes, a bit for each step that has a value, the lowest bit first,
 *   form 0 without values; 1: their 8 bytes each; 2, whole numbers: zigzag of the difference to the
 *     one before, of the first to 0
 * at the end u32 CRC of everything before
 * </pre>
 *
 * <p>Example, {@code count(rate)} and {@code sum(rate)} of two groups at 1 s and 2 s:
 *
 * <pre>
 * 00  56 61 72 76 65 47 52 50 01 00 00 00 00 e8 07 02  magic, version, start 0, 1000 ms, 2 steps
 * 10  03 0b 63 6f 75 6e 74 28 72 61 74 65 29 01 09 6d  3 columns: count(rate), there
 * 20  61 78 28 72 61 74 65 29 00 09 73 75 6d 28 72 61  max(rate), left out
 * 30  74 65 29 01 02 00 00 01 74 08 0a 06 0a 01 61 12  sum(rate), there; 2 groups: "" {}, "t"
 * 40  01 62 02 06 01 06 02 02 01 00 00 00 00 00 00 e0  a="b"; count: 3, 3 − 1; with gaps 0b10, 1;
 * 50  3f 00 00 00 00 00 00 00 80 00                    sum: 0.5, −0; nothing
 * 5a  8c df b2 77                                      CRC
 * </pre>
 *
 * <h2>Manifest, version 1</h2>
 *
 * <p>{@code CURRENT} is one line: the name of the live manifest, a space, the CRC of the name in
 * hex. {@code MANIFEST-n} is ASCII text. A line is eight hex digits, a tab, text and a line feed;
 * the digits are the CRC of the digits of the line before (as a u32, 0 for the first line) and the
 * text, so that no line can be missing. The first text is {@code varve-manifest version=1 number=n
 * lines=k}: k lines, this one included, are the state with which the file began, and must be there;
 * every line after them is one edit. An edit is one or more operations, separated by tabs:
 *
 * <pre>
 * store id=&lt;hex&gt; hashSeed hashVersion encoder windowMillis    first operation of every manifest
 * addWindow w buckets              dropWindow w               clearIndex w
 * addIndex w file bytes sha256 firstId count
 * addChunk w width bucket buckets level late (0, 1, 2: the rank) class from to path bytes sha256 series blocks samples
 *          minTime maxTime         removeChunk w path
 * addCells (as addChunk) cell of rule                         removeCells w path
 * addGrouped w path bytes sha256 step rule state groups gone  removeGrouped w path
 * tombstones w [file]              flushed seq                checkpoint seq [files=a,b]
 * nextIndex generation             encoder version            watermark key [value]
 * </pre>
 *
 * <p>Fields are {@code key=value}, separated by spaces; {@code w} is a window's exclusive start in
 * milliseconds. In values every byte of the UTF-8 that is no visible ASCII character, and each of
 * {@code %} and {@code ,}, is written %XX. Example, a new store and one edit:
 *
 * <pre>
 * e2f962ac	varve-manifest version=1 number=1 lines=2
 * 595e3797	store id=cafebabe00000001 hashSeed=-5 hashVersion=1 encoder=1 windowMillis=86400000	flushed seq=0	checkpoint seq=0	nextIndex generation=1
 * 3191940e	addWindow w=1763683200000 buckets=16	flushed seq=2000
 * </pre>
 */
@NullMarked
package io.varve.engine.partition;

import org.jspecify.annotations.NullMarked;
