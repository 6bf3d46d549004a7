package io.varve.engine.partition;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The content of one {@code MANIFEST-n}, as far as it counts.
 *
 * @param number n
 * @param state what it says exists
 * @param goodBytes where its last whole line ends
 * @param totalBytes size of the file; more than {@code goodBytes} if the last line is torn
 * @param snapshotBytes size of its first part, the state with which it began
 * @param lines lines that count, the header included
 * @param snapshotLines lines of the first part, the header included
 * @param chain checksum of its last line
 */
record ManifestFile(
    long number,
    ManifestState state,
    long goodBytes,
    long totalBytes,
    long snapshotBytes,
    int lines,
    int snapshotLines,
    int chain) {
  static final String PREFIX = "MANIFEST-";
  static final String CURRENT = "CURRENT";

  private static final int VERSION = 1;
  private static final int CRC_DIGITS = 8;
  private static final Pattern HEADER =
      Pattern.compile("varve-manifest version=(\\d{1,9}) number=(\\d{1,18}) lines=(\\d{1,9})");
  private static final Pattern CURRENT_LINE =
      Pattern.compile(PREFIX + "(\\d{1,18}) ([0-9a-f]{8})\n");

  /** A whole line: checksum over the checksum of the line before and the text, then the text. */
  static byte[] line(int chain, String text) {
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    ByteWriter out = new ByteWriter(ascii.length + 16);
    out.bytes(
        HexFormat.of()
            .toHexDigits(checksum(chain, ascii, 0, ascii.length))
            .getBytes(StandardCharsets.US_ASCII));
    out.u8('\t');
    out.bytes(ascii);
    out.u8('\n');
    return out.toByteArray();
  }

  /** The checksum with which a line begins. */
  static int checksumOf(byte[] line) {
    return HexFormat.fromHexDigits(new String(line, 0, CRC_DIGITS, StandardCharsets.US_ASCII));
  }

  /** The checksum of the last of whole lines. */
  static int lastChecksum(byte[] lines) {
    int at = lines.length - 1;
    while (at > 0 && lines[at - 1] != '\n') {
      at--;
    }
    return checksumOf(Arrays.copyOfRange(lines, at, at + CRC_DIGITS));
  }

  private static int checksum(int chain, byte[] bytes, int offset, int length) {
    ByteWriter covered = new ByteWriter(length + 4);
    covered.fixed32(chain);
    covered.bytes(bytes, offset, length);
    return Crc32c.of(covered.array(), 0, covered.size());
  }

  /** The bytes with which a manifest begins: header and state. */
  static byte[] snapshot(long number, ManifestState state) {
    List<List<ManifestOp>> edits = state.asEdits();
    ByteWriter out = new ByteWriter(4096);
    byte[] line =
        line(
            0,
            "varve-manifest version="
                + VERSION
                + " number="
                + number
                + " lines="
                + (1 + edits.size()));
    out.bytes(line);
    for (List<ManifestOp> edit : edits) {
      line = line(checksumOf(line), ManifestText.print(edit));
      out.bytes(line);
    }
    return out.toByteArray();
  }

  /** The bytes of CURRENT. */
  static byte[] current(long number) {
    String name = PREFIX + number;
    byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
    String crc = HexFormat.of().toHexDigits(Crc32c.of(ascii, 0, ascii.length));
    return (name + " " + crc + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  /** The number of the live manifest, −1 if there is no CURRENT. */
  static long readCurrent(FileSystem fs, Path dataDir) throws IOException {
    Path file = dataDir.resolve(CURRENT);
    if (!fs.exists(file)) {
      return -1;
    }
    byte[] bytes = fs.readAll(file);
    Matcher line = CURRENT_LINE.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    if (!line.matches()) {
      throw new CorruptDataException(CURRENT, 0, "does not name a manifest");
    }
    long number = Long.parseLong(line.group(1));
    if (!Arrays.equals(bytes, current(number))) {
      throw new CorruptDataException(CURRENT, 0, "checksum does not match");
    }
    return number;
  }

  /** The numbers of all manifests in the folder, ascending. */
  static List<Long> numbers(FileSystem fs, Path dataDir) throws IOException {
    List<Long> numbers = new ArrayList<>();
    for (Path entry : fs.list(dataDir)) {
      String name = String.valueOf(entry.getFileName());
      if (name.matches(PREFIX + "\\d{1,18}")) {
        numbers.add(Long.parseLong(name.substring(PREFIX.length())));
      }
    }
    numbers.sort(null);
    return numbers;
  }

  /**
   * Reads a manifest.
   *
   * @throws CorruptDataException if a line that counted is damaged; names file, line and offset
   */
  static ManifestFile load(FileSystem fs, Path dataDir, long number) throws IOException {
    String name = PREFIX + number;
    return parse(fs.readAll(dataDir.resolve(name)), name, number);
  }

  /**
   * Reads the bytes of a manifest.
   *
   * @param name for messages
   * @throws CorruptDataException as {@link #load}
   */
  static ManifestFile parse(byte[] bytes, String name, long number) {
    ManifestState state = null;
    int lines = 0;
    int snapshotLines = 1;
    int at = 0;
    int snapshotBytes = 0;
    int chain = 0;
    while (at < bytes.length) {
      int end = at;
      while (end < bytes.length && bytes[end] != '\n') {
        end++;
      }
      String source = name + " line " + (lines + 1);
      String text = end == bytes.length ? null : checked(bytes, at, end, chain);
      if (text == null) {
        if (end + 1 < bytes.length
            || holdsWholeLine(bytes, at, chain)
            || isDamagedLine(bytes, at, end, chain)) {
          throw new CorruptDataException(source, at, "checksum does not match");
        }
        break; // torn: it never counted
      }
      if (lines == 0) {
        snapshotLines = header(text, number, source);
      } else {
        List<ManifestOp> ops = ManifestText.parse(text, source, at);
        try {
          state = (state == null ? first(ops) : state).with(ops);
        } catch (IllegalArgumentException | ArithmeticException e) {
          throw new CorruptDataException(source, at, String.valueOf(e.getMessage()));
        }
      }
      chain = checksumOf(Arrays.copyOfRange(bytes, at, at + CRC_DIGITS));
      lines++;
      at = end + 1;
      if (lines == snapshotLines) {
        snapshotBytes = at;
      }
    }
    if (state == null || lines < snapshotLines) {
      throw new CorruptDataException(
          name, at, "ends after " + lines + " of the " + snapshotLines + " lines it began with");
    }
    return new ManifestFile(
        number, state, at, bytes.length, snapshotBytes, lines, snapshotLines, chain);
  }

  /**
   * Tells damage in the last line from a write that a power cut has torn: a torn write ends early
   * or leaves holes of zeros. Taking a damaged line for a torn one would forget files that count.
   */
  private static boolean isDamagedLine(byte[] bytes, int at, int end, int chain) {
    if (end == bytes.length) {
      return end > at && checked(bytes, at, end - 1, chain) != null; // only its end is damaged
    }
    int zeros = 0;
    int zero = at;
    for (int i = at; i < end; i++) {
      if (bytes[i] == 0) {
        zeros++;
        zero = i;
      }
    }
    return zeros == 0 || (zeros == 1 && isFlippedToZero(bytes, at, end, chain, zero));
  }

  /** A single zero is no hole if the line is whole with one bit of it set: a space has one bit. */
  private static boolean isFlippedToZero(byte[] bytes, int at, int end, int chain, int zero) {
    byte[] copy = bytes.clone();
    for (int bit = 0; bit < 8; bit++) {
      copy[zero] = (byte) (1 << bit);
      if (checked(copy, at, end, chain) != null) {
        return true;
      }
    }
    return false;
  }

  /** The text of the line {@code [at, end)}, null if its checksum does not match. */
  private static @Nullable String checked(byte[] bytes, int at, int end, int chain) {
    int text = at + CRC_DIGITS + 1;
    if (text > end) {
      return null;
    }
    String crc = new String(bytes, at, CRC_DIGITS, StandardCharsets.ISO_8859_1);
    int checksum = checksum(chain, bytes, text, end - text);
    if (!crc.equals(HexFormat.of().toHexDigits(checksum)) || bytes[text - 1] != '\t') {
      return null;
    }
    return new String(bytes, text, end - text, StandardCharsets.US_ASCII);
  }

  /**
   * True if a line is whole up to some byte that should be its end but is not: then it was not
   * torn, its end is damaged, and what follows counted.
   */
  private static boolean holdsWholeLine(byte[] bytes, int at, int chain) {
    int text = at + CRC_DIGITS + 1;
    if (text >= bytes.length) {
      return false;
    }
    String crc = new String(bytes, at, CRC_DIGITS, StandardCharsets.ISO_8859_1);
    ByteWriter before = new ByteWriter(4);
    before.fixed32(chain);
    CRC32C running = new CRC32C();
    running.update(before.array(), 0, before.size());
    HexFormat hex = HexFormat.of();
    for (int end = text; end < bytes.length - 2; end++) {
      running.update(bytes[end]);
      if (crc.equals(hex.toHexDigits((int) running.getValue()))) {
        return true;
      }
    }
    return false;
  }

  private static int header(String text, long number, String source) {
    Matcher header = HEADER.matcher(text);
    if (!header.matches()) {
      throw new CorruptDataException(source, 0, "is not a manifest of Varve");
    }
    if (Integer.parseInt(header.group(1)) != VERSION) {
      throw new CorruptDataException(
          source, 0, "is of version " + header.group(1) + ", this program reads " + VERSION);
    }
    if (Long.parseLong(header.group(2)) != number) {
      throw new CorruptDataException(source, 0, "is manifest " + header.group(2));
    }
    return Integer.parseInt(header.group(3));
  }

  /** The state on which the first edit works. */
  private static ManifestState first(List<ManifestOp> ops) {
    if (ops.isEmpty() || !(ops.getFirst() instanceof ManifestOp.Store)) {
      throw new IllegalArgumentException("does not begin with the store");
    }
    return ManifestState.empty(0, 0, 0, 0, 0);
  }
}
