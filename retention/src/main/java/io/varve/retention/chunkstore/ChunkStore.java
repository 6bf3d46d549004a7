package io.varve.retention.chunkstore;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A place for objects: immutable bytes by name. Every implementation inherits {@code
 * ChunkStoreTest}.
 *
 * <p>Any thread may call any method at any time. What a {@link #put} has returned from is on stable
 * storage, and in every later {@link #list}. Failures that may pass are tried again inside, within
 * the time-outs of the implementation; what is thrown in the end names the object.
 */
public interface ChunkStore extends AutoCloseable {
  /** The longest name of an object. */
  int MOST_NAME_CHARACTERS = 512;

  /** What names of objects look like. */
  Pattern NAME =
      Pattern.compile("[A-Za-z0-9_=-][A-Za-z0-9._=-]*(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*");

  /** Bytes to store; a {@link #put} reads them once. */
  interface Source {
    /** How many bytes there are. */
    long bytes() throws IOException;

    /** Reads them; the caller closes the stream. */
    InputStream open() throws IOException;
  }

  /**
   * An object that is there.
   *
   * @param name its name
   * @param bytes its size
   */
  record Item(String name, long bytes) {}

  /**
   * Stores an object, as a whole or not at all.
   *
   * @throws IOException if it could not be stored, or the source has another number of bytes than
   *     it says
   */
  void put(String name, Source source) throws IOException;

  /**
   * Reads a range of an object; the caller closes the stream, which may end early if the object is
   * shorter.
   *
   * @param offset of the first byte
   * @param length how many bytes; {@link Long#MAX_VALUE} for all that follow
   * @throws java.nio.file.NoSuchFileException if there is no such object
   */
  InputStream get(String name, long offset, long length) throws IOException;

  /**
   * The objects whose names begin with a prefix, in the order of their names (by character).
   *
   * @param prefix "" for all; may end within a name
   */
  List<Item> list(String prefix) throws IOException;

  /** Deletes an object; no error if there is none. */
  void delete(String name) throws IOException;

  /** Where it is, for messages; without secrets. */
  String place();

  /** How many requests had to be repeated so far. */
  long retries();

  @Override
  void close() throws IOException;

  /**
   * Refuses what is no name of an object.
   *
   * @throws IllegalArgumentException saying so
   */
  static String checkedName(String name) {
    if (name.length() > MOST_NAME_CHARACTERS || !NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("\"" + name + "\" is no name of an object");
    }
    return name;
  }
}
