/**
 * Files on their way between nodes: a node that lacks a store, or some of its files, pulls them
 * from others over HTTP.
 *
 * <p>A pull asks a node for a {@link io.varve.engine.StoreListing} of a shard, finds out what of it
 * is here already, and fetches the rest by SHA-256 in ranges, several at a time, from the node that
 * gave the listing or from any other that has the same file. Every file is proven before it counts,
 * what came of it stays when a connection breaks, and bytes per second can be limited. See {@link
 * io.varve.engine.StoreInstall} for how the files become a store, {@link io.varve.engine.Shipping}
 * for the other side.
 *
 * <p>The requests, each with {@code Authorization: Bearer <cluster secret>}, n being the shard:
 *
 * <pre>
 * GET    /api/v1/cluster/shards/n/listing          200, a listing; its files are held, unless ?hold=false
 * GET    /api/v1/cluster/shards/n/files/SHA-256    206 with Range: bytes=a-b or a-; 200 without
 * DELETE /api/v1/cluster/shards/n/listings/ID      204: the files of a listing are needed no more
 * </pre>
 *
 * <p>Example: the second half of a file of 8 bytes.
 *
 * <pre>
 * GET /api/v1/cluster/shards/0/files/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 * Range: bytes=4-7
 *
 * 206 Partial Content
 * Content-Range: bytes 4-7/8
 * Content-Length: 4
 * </pre>
 */
@NullMarked
package io.varve.ingest.ship;

import org.jspecify.annotations.NullMarked;
