/**
 * What the engine asks of a log, and how float samples look in one.
 *
 * <h2>Sample record, version 1</h2>
 *
 * <p>The payload, or a part of the payload, of a log record. Every value is written as its
 * difference (exclusive or) from the value of the same series before it in the same log segment, 0
 * at first: most series do not change from scrape to scrape and cost one bit. Integers are
 * little-endian; a varint is LEB128, a zigzag is a varint of {@code (n << 1) ^ (n >> 63)}; sums
 * wrap around.
 *
 * <pre>
 * flags     u8       1 = start timestamps follow the values; other bits are 0
 * n         varint   samples, at most 2^23
 * ids       runs until n samples are covered:
 *             zigzag   first id of the run - (last id of the run before + 1); 0 before the first
 *             varint   samples in the run &lt;&lt; 1 | step between ids (0 or 1)
 * times     runs until n samples are covered:
 *             zigzag   first time of the run - last time of the run before; 0 before the first
 *             zigzag   step between times
 *             varint   samples in the run
 * values    per 64 samples, fewer at the end:
 *             mask     one bit per sample, lowest first, set if the value changed;
 *                      8 bytes, at the end (samples + 7) / 8
 *             per changed sample:
 *               u8     zero bytes at the low end of the difference &lt;&lt; 3 | bytes that follow - 1
 *               1-8    the difference without zero bytes at either end
 * starts    if flagged, per 64 samples:
 *             mask     as above, set if the start timestamp changed
 *             per changed sample:
 *               zigzag   start - start of the same series before it in the segment (0 at first)
 * </pre>
 *
 * <p>Invariants: ids are below 2^26; runs do not cover more than n samples; mask bits beyond the
 * last sample are 0; nothing follows. The version is that of the log record that holds the bytes.
 *
 * <h2>Example</h2>
 *
 * <p>Two records of one segment. Series 5, 6, 7 at 1000 ms with the values 42, 0 and 0.1:
 *
 * <pre>
 * 00 03                       no starts, 3 samples
 * 0A 07                       id 5, then 3 ids by step 1
 * D0 0F 00 03                 time 1000, step 0, 3 times
 * 05                          the first and the third value differ from 0
 * 31 45 40                    42 = 4045000000000000: 6 zero bytes, 2 bytes
 * 07 9A 99 99 99 99 99 B9 3F  0.1 = 3FB999999999999A: no zero bytes, 8 bytes
 * </pre>
 *
 * <p>Then series 6 at 3000 ms with a value of which one bit is set (0001000000000000) and the start
 * timestamp 1000: {@code 01 01 0C 03 F0 2E 00 01 01 30 01 01 D0 0F}.
 */
@NullMarked
package io.varve.engine.log;

import org.jspecify.annotations.NullMarked;
