/**
 * Codecs of value, integer, time and histogram blocks: functions over memory that open no file.
 * Format version 1.
 *
 * <p>Everything is little-endian, bits are filled from the least significant one up. {@code varint}
 * is unsigned LEB128, {@code zigzag} a varint of {@code (v << 1) ^ (v >> 63)}. The number of values
 * n (1 to 65,535) is not in a block: the directory knows it. So is the length; a block that does
 * not end where it should is corrupt. Integer arithmetic wraps at 64 bits.
 *
 * <h2>Float block</h2>
 *
 * <pre>
 *   head u8 | [exceptions] | integer stream of L
 *
 *   head    bits 0-2  form
 *             0 RAW       the value's bits; if negative, all but the sign inverted: ordered like the values
 *             1 INTEGER   L
 *             2 QUOTIENT  L / 10^e
 *             3 PRODUCT   L · 10^-e, the factor being the double nearest to 10^-e
 *             4 MILLIS    L / 1000 / 10^(e-3)
 *             5 constant integer: bits 3-7 hold it, or 31 and a zigzag follows; the block ends
 *             6 constant bits: bits 3-7 say how many of the eight bytes follow, the most
 *               significant ones, least significant of them first; the block ends
 *           bit 3     exceptions follow           (forms 0-4)
 *           bits 4-7  e - 1, for e of 1 to 16     (forms 2-4; 0 for 0 and 1)
 *
 *   exceptions   count varint, at most ⌈n/32⌉
 *                | count × varint: values since the one after the previous exception
 *                | count × u64: the value's bits
 * </pre>
 *
 * An exception's place in the stream holds any integer. Stale markers, other NaNs, infinities and
 * −0 have no L, so they are exceptions, or make the block RAW if they are many. |L| ≤ 2^53.
 *
 * <h2>Integer stream</h2>
 *
 * <pre>
 *   head u8 | [divisor varint] | [start] | [step zigzag] | residuals
 *
 *   head    bits 0-1  order of differences: 0, 1, 2
 *           bit 2     a divisor g follows
 *           bits 3-5  codec: 0 CONST, 1 PFOR, 2 RICE, 3 HUFFMAN, 4 SPARSE, 5 DICT
 *           bits 6-7  base: 0 none, 1 zigzag, 2 offset
 *
 *   order 0: n residuals q,       v[i] = g · q[i] + start          start varint, only with g (else 0)
 *   order 1: n - 1 residuals,     v[0] = start, v[i] = v[i-1] + g · q[i]           start zigzag
 *   order 2: n - 2 residuals,     v[1] = v[0] + g · step, then differences grow by g · q[i]
 * </pre>
 *
 * Residuals are a base (zigzag, only with base 2) and a payload of unsigned u: {@code q = u},
 * {@code q = unzigzag(u)} or {@code q = base + u}.
 *
 * <pre>
 *   CONST     nothing: all u are 0
 *   PFOR      minis of 256 values, the last one shorter:
 *               width u8 (0-64) | packed u, width bits each                          or
 *               width | 0x80 | count u8 | more u8 | packed low bits of u
 *                 | count × place u8 | count packed high bits, more bits each
 *   RICE      k u8 (≤ 32) | packed low k bits of each u | u >> k in unary: that many 0, then 1
 *   HUFFMAN   m u8 (≤ 7) | lowest class u8 | classes − 1 u8
 *               | a nibble per class, low nibble first: length of its code, 0 none, at most 8
 *                 (none if there is one class, whose code has no bits)
 *               | sizes of all streams but the last, varint each | streams
 *   SPARSE    count varint | residuals of the gaps | residuals of the offsets: count values
 *               q = base + offset; a gap counts the values at the base since the one before
 *   DICT      count varint | residuals of the count - 1 steps of a sorted table that begins with
 *               the base | residuals of n indices into it
 * </pre>
 *
 * Residuals inside SPARSE and DICT begin with a head u8 of their own, of which bits 3-7 count
 * (codecs 0 to 3 only). Packed values and unary bits end at a byte.
 *
 * <p>A Huffman class is a value below 2^(m+1) itself, or a bit length and the m bits after the
 * leading one: class = (extra {@code <<} m) + (u {@code >>} extra), extra = max(0, bits of u − 1 −
 * m) ≤ 44. The code, canonical by (length, class) with its first bit lowest, is followed by the low
 * {@code extra} bits of u. Values are dealt in turn to 1 stream (n {@code <} 32), 2 (n {@code <}
 * 128) or 4, so that a processor decodes them side by side; each ends at a byte.
 *
 * <h2>Time column</h2>
 *
 * <pre>
 *   0 | integer stream of n timestamps
 *   1 | first zigzag | step varint                                     all on the grid
 *   2 | first zigzag | step varint | integer stream of n - 1 skipped grid points
 *     | integer stream of n offsets                                    point[0] = first,
 *                 point[i] = point[i-1] + (1 + skipped) · step, time = point + offset
 * </pre>
 *
 * <h2>Histogram block</h2>
 *
 * <pre>
 *   layouts varint | [integer stream: layout of each sample, if more than one] | layout …
 *     | integer stream: reset hints | columns of the first layout's samples | of the second's | …
 *
 *   layout    flags u8 (1 float counts, 2 custom values) | schema zigzag | zero threshold u64
 *             | numbers in positive spans varint, zigzag each (offset, length, …) | negative spans
 *             | positive buckets varint | negative buckets varint
 *             | [custom values varint, u64 each]
 *   columns   sum (float block) | count | zero count | each positive bucket | each negative bucket
 *             integer streams, of absolute bucket counts; float blocks if counts are floats
 * </pre>
 *
 * <h2>Examples</h2>
 *
 * Eight values 12.34, 12.35, 12.37, 12.38, 12.40, 12.41, 12.43, 12.44 in seven bytes:
 *
 * <pre>
 *   12           QUOTIENT, e = 2: L = 1234, 1235, 1237, …
 *   09           order 1, no divisor, PFOR, base none
 *   a4 13        start: zigzag of 1234
 *   02           a mini of 2 bits per value
 *   99 19        1, 2, 1, 2, 1, 2, 1
 * </pre>
 *
 * Four values 40.5, 40.75, 41 and the stale marker:
 *
 * <pre>
 *   1a           QUOTIENT, e = 2, with exceptions
 *   01 03        one exception, after three other values
 *   02 00 00 00 00 00 f0 7f
 *   0d           order 1, divisor, PFOR, base none
 *   19           divisor 25
 *   a4 3f        start: zigzag of 4050
 *   01 03        1 bit each: 1, 1, 0
 * </pre>
 *
 * Six timestamps 1795305600000 + 0, 15000, 30002, 45000, 90001, 105000 ms:
 *
 * <pre>
 *   02 80 d0 eb 88 c0 68 98 75     a grid from 1795305600000 by 15000
 *   0c 02 00 01 08                 skipped 0, 0, 0, 2, 0: see below
 *   08 02 20 01                    offsets 0, 0, 2, 0, 1, 0: order 0, PFOR of 2 bits
 * </pre>
 *
 * The skipped points take order 0 with divisor 2 (0c), start 0, and one bit each: 0, 0, 0, 1, 0.
 */
@NullMarked
package io.varve.engine.codec;

import org.jspecify.annotations.NullMarked;
