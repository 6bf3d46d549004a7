/**
 * The registry of slow-moving facts: what is said about metrics, what tenants use, when metrics
 * were last used. On the heap for programs that embed the engine, in a Chronicle Map file for the
 * server.
 *
 * <h2>The file</h2>
 *
 * <p>{@code registry/STATE} (one line of text) names the Chronicle Map file that counts, {@code
 * facts-<version>-<capacity>-<generation>.cm}, and how it was left. Version 2 maps bytes to bytes
 * (as version 1 did, in a file of other settings, without room for long texts):
 *
 * <pre>
 * metric   key    'M', varint length, tenant, metric
 *          value  CRC-32C u32, last written i64, last queried i64, 0 | 1,
 *                 if 1: type, unit, help (varint length, UTF-8 each)
 * tenant   key    'T', tenant
 *          value  CRC-32C u32, series created i64, samples i64
 * </pre>
 *
 * <p>Times are milliseconds since the epoch, 0 if not known. The checksum covers the rest of the
 * value and then the key. The layout of the file itself is Chronicle Map's. The file is no truth:
 * when anything about it is in doubt it is thrown away, and what chunk files tell is put in again.
 *
 * <p>Example: tenant "a" with 3 series and 500 samples has the key {@code 54 61} and the value
 * {@code CD FC 1A C6 03 00 00 00 00 00 00 00 F4 01 00 00 00 00 00 00}.
 */
@NullMarked
package io.varve.engine.registry;

import org.jspecify.annotations.NullMarked;
