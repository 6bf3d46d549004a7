/** Codecs of columns and blocks: pure functions over memory, they open no file. Version 1. */
@NullMarked
package io.varve.engine.codec;

import org.jspecify.annotations.NullMarked;
