/**
 * Label indexes: which series have which labels, and which labels a series has.
 *
 * <p>{@link io.varve.engine.index.SeriesIndex} is what both kinds can be asked. A {@link
 * io.varve.engine.index.MemoryIndex} is that of the open head. An {@link
 * io.varve.engine.index.IndexSegment} is a file: the index of a window consists of segments, since
 * each flush writes the series that are new in the window as one more, numbered on from the last.
 * Segments are immutable, so nothing that was found out about one is ever stale.
 *
 * <h2>Segment file, version 1</h2>
 *
 * <p>Little-endian. "varint" is unsigned LEB128 of at most five bytes, "text" a varint length and
 * that many bytes of UTF-8.
 *
 * <pre>
 * body
 *   header, 80 bytes
 *      0  40  {@link io.varve.engine.format.FileHeader}: format "index", version 1, store id 0
 *             (replicas build the same bytes), number = segment's number
 *     40   8  exclusive start of the window, milliseconds since the epoch
 *     48   8  width of the window, milliseconds
 *     56   8  generation of the window's index
 *     64   4  number of the segment in its generation
 *     68   4  window id of the first series: the i-th series has the id first + i
 *     72   4  how many series
 *     76   4  0
 *   one section per tenant, in ascending order of its name
 *   table of tenants, for each: u64 offset of its section, u32 id of its first series, u32 how many
 * page table: for each 64 KiB of the body, the last of them shorter, its CRC-32C
 * trailer, 32 bytes
 *      0   8  length of the body
 *      8   8  offset of the table of tenants
 *     16   4  how many pages
 *     20   4  CRC-32C of the page table
 *     24   4  CRC-32C of bytes 0 to 23 of the trailer
 *     28   4  56 49 44 58 ("VIDX")
 *
 * section of a tenant
 *   u32 length of the directory
 *   directory
 *     text tenant, varint label names N, varint runs, varint bytes of templates, varint bytes of records
 *     N times, names ascending: varint bytes shared with the name before, varint other bytes, these,
 *       varint values, varint bytes of dictionary, varint bytes of postings
 *   table of runs, for each: u32 position of its first series, u32 offset of its record
 *   templates: sets of label names, each: varint K, K times varint (number of a name − that of the
 *     one before − 1)
 *   records, one per run
 *   N times the terms of a label name
 *
 * record: the labels of a run of up to 4,096 series that have the same names
 *   varint offset of their template in the templates
 *   per name: varint (base &lt;&lt; 2 | kind) and, by kind, the numbers of the values of the i-th series:
 *     0  base
 *     1  varint repeat, varint period: base + (i / repeat), that modulo period if it is not 0
 *     2  u8 width, packed bits, lowest first, a whole number of bytes: base + the i-th
 *
 * terms of a label name; values are numbered in ascending order of their bytes
 *   table of blocks, one per 16 values: u32 offset in the dictionary, u32 offset in the postings
 *   dictionary, per value: varint bytes shared with the value before in its block, varint other
 *     bytes, these
 *   postings: varint length and postings of all series that have the name; then per block: varint
 *     length of the postings of each of its values; these postings
 *
 * postings: varint (series &lt;&lt; 2 | kind) and, by kind, ids counted from the tenant's first series:
 *     0  varint first id; the others follow it without a gap
 *     1  up to 1,024 ids: varint first id, then per id varint (id − id before − 1)
 *     2  window ids (not counted from the first) in Roaring's portable format
 * </pre>
 *
 * <p>Invariants: tenants, names of a tenant and values of a name are ascending and distinct as
 * unsigned bytes; names and values are not empty; a series has each name once; the postings say
 * what the records say; every id is in one section. The same series in the same order give the same
 * bytes.
 *
 * <p>Why so. Series stand in file order ({@link io.varve.engine.index.SeriesOrder}), so a metric is
 * a run, its instances count up and what a fleet has in common repeats with a period: most columns
 * of a record are three bytes for thousands of series, and postings of metrics are ranges. On the
 * 605 series of a node_exporter a whole file takes 5.0 bytes per series with 40 hosts and 4.6 with
 * 1,653, of which postings 3.2 to 3.3, records and runs 1.3, dictionaries 0.0 to 0.3. Compressing
 * dictionaries with zstd would save 0.1 bytes per series there, and 1.9 of 20.8 where each pod
 * brings 40 series and its own random identifiers: not worth inflating 16 KiB for one label. Lists
 * of deltas take half of what Roaring's arrays take for the few hundred series of a host, and
 * decode as fast as those intersect.
 *
 * <h3>Example</h3>
 *
 * <p>Three series {@code up{job="a"}}, {@code up{job="b"}}, {@code up{job="c",zone="x"}} of the
 * default tenant, from window id 7 on, segment 2 of generation 1 of the window of 2023-11-15.
 *
 * <pre>
 * 0000  89 56 41 52 56 45 0d 0a  magic
 * 0008  69 6e 64 65 78 00 00 00  "index"
 * 0010  01 00 00 00              version 1
 * 0014  00 00 00 00 00 00 00 00  no store
 * 001c  02 00 00 00 00 00 00 00  number 2
 * 0024  e7 a5 d8 be              CRC of bytes 0 to 35
 * 0028  00 10 47 d0 8b 01 00 00  window after 1700006400000
 * 0030  00 5c 26 05 00 00 00 00  86400000 ms wide
 * 0038  01 00 00 00 00 00 00 00  generation 1
 * 0040  02 00 00 00              number 2
 * 0044  07 00 00 00              first id 7
 * 0048  03 00 00 00 00 00 00 00  3 series
 * 0050  23 00 00 00              directory of 35 bytes
 * 0054  00 03 02 07 09           tenant "", 3 names, 2 runs, templates of 7 bytes, records of 9
 * 0059  00 08 5f 5f 6e 61 6d 65 5f 5f  "__name__"
 * 0063  01 04 06                 1 value, dictionary of 4 bytes, postings of 6
 * 0066  00 03 6a 6f 62           "job"
 * 006b  03 09 0c                 3 values, dictionary of 9 bytes, postings of 12
 * 006e  00 04 7a 6f 6e 65        "zone"
 * 0074  01 03 06                 1 value, dictionary of 3 bytes, postings of 6
 * 0077  00 00 00 00 00 00 00 00  run from position 0 on, record at 0
 * 007f  02 00 00 00 05 00 00 00  run from position 2 on, record at 5
 * 0087  02 00 00                 template at 0: 2 names, __name__ and job
 * 008a  03 00 00 00              template at 3: 3 names, __name__, job, zone
 * 008e  00                       record: template at 0
 * 008f  00                         __name__: value 0 for all
 * 0090  01 01 00                   job: from value 0 on, each once, without end
 * 0093  03                       record: template at 3
 * 0094  00 08 00                   value 0, value 2, value 0
 * 0097  00 00 00 00 03 00 00 00  __name__: block at 0 of the dictionary, 3 of the postings
 * 009f  00 02 75 70                "up"
 * 00a3  02 0c 00                   2 bytes: 3 series from 0 on have the name
 * 00a6  02 0c 00                   2 bytes: 3 series from 0 on have "up"
 * 00a9  00 00 00 00 03 00 00 00  job: block at 0 and 3
 * 00b1  00 01 61 00 01 62 00 01 63  "a", "b", "c"
 * 00ba  02 0c 00                   3 series from 0 on have the name
 * 00bd  02 02 02                   2 bytes for each of three values
 * 00c0  04 00                      1 series from 0 on
 * 00c2  04 01                      1 series from 1 on
 * 00c4  04 02                      1 series from 2 on
 * 00c6  00 00 00 00 03 00 00 00  zone: block at 0 and 3
 * 00ce  00 01 78                   "x"
 * 00d1  02 04 02                   1 series from 2 on has the name
 * 00d4  02 04 02                   1 series from 2 on has "x"
 * 00d7  50 00 00 00 00 00 00 00  section of the first tenant at 80
 * 00df  07 00 00 00 03 00 00 00  first id 7, 3 series
 * 00e7  fa 3a 33 d5              CRC of page 0
 * 00eb  e7 00 00 00 00 00 00 00  body of 231 bytes
 * 00f3  d7 00 00 00 00 00 00 00  table of tenants at 215
 * 00fb  01 00 00 00              1 page
 * 00ff  35 9d 50 b2              CRC of the page table
 * 0103  e8 37 d9 14              CRC of the trailer
 * 0107  56 49 44 58              end
 * </pre>
 */
@NullMarked
package io.varve.engine.index;

import org.jspecify.annotations.NullMarked;
