package io.varve.engine.format;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The first 40 bytes of a file, by which it proves at open what it is, of which store, and that it
 * is not another file under its name.
 *
 * <pre>
 *  0  8  magic     89 56 41 52 56 45 0D 0A ("\x89VARVE\r\n"; breaks when copied as text)
 *  8  8  format    ASCII name, padded with zeros
 * 16  4  version   of the format, from 1
 * 20  8  store id  the data folder it belongs to
 * 28  8  number    which file of its kind it is (a log segment's first sequence number, ...)
 * 36  4  CRC-32C   of bytes 0 to 35
 * </pre>
 *
 * @param format name of the format, 1 to 8 ASCII characters
 * @param version version of the format, from 1
 * @param storeId the store it belongs to
 * @param number which file of its kind it is
 */
public record FileHeader(String format, int version, long storeId, long number) {
  /** Bytes of an encoded header. */
  public static final int BYTES = 40;

  private static final byte[] MAGIC = {(byte) 0x89, 'V', 'A', 'R', 'V', 'E', '\r', '\n'};
  private static final int NAME_BYTES = 8;

  /** Checks that the format's name fits. */
  public FileHeader {
    if (format.isEmpty()
        || format.length() > NAME_BYTES
        || !format.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new IllegalArgumentException("format name '" + format + "'");
    }
  }

  /** Appends the 40 bytes. */
  public void write(ByteWriter out) {
    int start = out.size();
    out.bytes(MAGIC);
    out.bytes(Arrays.copyOf(format.getBytes(StandardCharsets.US_ASCII), NAME_BYTES));
    out.fixed32(version);
    out.fixed64(storeId);
    out.fixed64(number);
    out.fixed32(Crc32c.of(out.array(), start, out.size() - start));
  }

  /**
   * Reads a header and checks magic, checksum and format name; whether version, store and number
   * are the expected ones is the caller's to check.
   *
   * @throws CorruptDataException if these are not the bytes of a header of this format
   */
  public static FileHeader read(ByteReader in, String format) {
    if (in.remaining() < BYTES) {
      throw in.corrupt("file header needs 40 bytes, " + in.remaining() + " are there");
    }
    int start = in.position();
    byte[] bytes = in.array();
    if (!Arrays.equals(bytes, start, start + MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw in.corrupt("not a Varve file: magic bytes are missing");
    }
    int crc = Crc32c.of(bytes, start, BYTES - 4);
    int stored = new ByteReader().on(bytes, start + BYTES - 4, 4, "", 0).fixed32();
    if (crc != stored) {
      throw in.corrupt("file header fails its checksum");
    }
    in.skip(MAGIC.length);
    int name = in.skip(NAME_BYTES);
    int end = name;
    while (end < name + NAME_BYTES && bytes[end] != 0) {
      end++;
    }
    String found = new String(bytes, name, end - name, StandardCharsets.US_ASCII);
    if (!found.equals(format)) {
      throw in.corrupt("is a '" + found + "' file, not '" + format + "'");
    }
    FileHeader header = new FileHeader(format, in.fixed32(), in.fixed64(), in.fixed64());
    in.skip(4);
    return header;
  }
}
