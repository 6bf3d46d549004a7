/**
 * Remote read, the protocol by which Prometheus and its kin fetch raw samples ({@code
 * prometheus.ReadRequest}): what is asked for, and the two forms of the answer. In one of them
 * samples travel in Prometheus' own chunks, which this package encodes; in the other as protobuf.
 *
 * <p><b>A streamed answer</b> is a row of frames; each holds one series or a part of one.
 *
 * <pre>
 * frame  = length uvarint | crc32c u32 big-endian, of data | data
 * data   = prometheus.ChunkedReadResponse { 1: series, 2: query index }
 * series = { 1: labels, 2: chunks { 1: from ms, 2: to ms, 3: encoding, 4: bytes } }
 * </pre>
 *
 * <p><b>Chunks</b> (Prometheus {@code tsdb/chunkenc}) are bit streams, most significant bit first,
 * behind the number of samples (u16 big-endian); those of histograms have a byte more, whose two
 * upper bits are the counter reset hint of the first sample (00 unknown, 10 reset, 01 none, 11
 * gauge).
 *
 * <pre>
 * XOR (1)              t0 zigzag varint, v0 64 bits; t1 − t0 uvarint, v1 xor; then dod(t), xor(v)
 * HISTOGRAM (2)        layout, t0, count, zero count, sum 64 bits, bucket deltas; then the change of
 *                      the change of all of these, the sum by xor
 * FLOAT_HISTOGRAM (3)  layout, t0, all others 64 bits; then dod(t) and each other by xor
 * layout               zero threshold, schema, positive spans, negative spans, custom bounds
 * dod                  0 | 10 +14 bits | 110 +17 | 1110 +20 | 1111 +64
 * varbit               0 | 10 +3 | 110 +6 | 1110 +9 | 11110 +12 | 111110 +18 | 1111110 +25 | 11111110 +56
 *                      | 11111111 +64
 * xor                  0 same | 10 the bits of the last window | 11, leading zeros 5, length 6, bits
 * </pre>
 *
 * <p>Example: the XOR chunk of 1.5 at 1 s and 1.5 at 16 s is {@code 0002 D00F 3FF8000000000000 9875
 * 00}: two samples; 1000 as a zigzag varint; the bits of 1.5; 15000 as a varint; one 0 bit for "the
 * same value".
 */
@NullMarked
package io.varve.http.remoteread;

import org.jspecify.annotations.NullMarked;
