/**
 * How long samples are kept: rules, and which of them wins for a series. Pure functions of the
 * rules and the labels; no clock, no files.
 *
 * <h2>Policy, version 1</h2>
 *
 * <p>As it stands in a POLICY record of the log and, in hexadecimal, in the manifest. A varint is
 * LEB128, a zigzag a varint of {@code (v << 1) ^ (v >> 63)}, a string a varint length and UTF-8.
 *
 * <pre>
 * version   u8 = 1
 * default   varint   milliseconds; 0 for ever
 * rules     varint   at most 1,000; then each:
 *   flags     u8       bit 0: only of one tenant, whose name (string) follows; other bits 0
 *   resolution zigzag  -1 raw samples and aggregates, 0 raw samples, else that of the aggregates
 *   keep      varint   milliseconds; 0 for ever
 *   matchers  varint   at most 100; then each: type u8 (0 =, 1 !=, 2 =~, 3 !~), name, value
 * </pre>
 *
 * <p>Nothing follows. Example: 30 days, and of tenant "a" {@code {team="x"}} for ever:
 *
 * <pre>
 * 01  80 90 FB D3 09  01      version, 2,592,000,000 ms, 1 rule
 * 01 01 61  01  00              of tenant a; raw samples and aggregates; for ever
 * 01  00  04 74 65 61 6D  01 78   1 matcher: = team x
 * </pre>
 */
@NullMarked
package io.varve.engine.policy;

import org.jspecify.annotations.NullMarked;
