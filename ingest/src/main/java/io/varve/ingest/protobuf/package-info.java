/**
 * Reading protobuf messages from memory without generated classes: what the wire formats that are
 * built on protobuf share.
 */
@NullMarked
package io.varve.ingest.protobuf;

import org.jspecify.annotations.NullMarked;
