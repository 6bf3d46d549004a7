package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a store consists of at one position of its log: the state of its manifest, and size and
 * SHA-256 of every file that it names. Whoever has these files and this state has the store as it
 * was; what was logged behind {@link #position} comes from the log. Immutable.
 *
 * <p>As bytes, version 1, it is ASCII text in four parts:
 *
 * <pre>
 * varve-listing version=1 id=&lt;16 hex digits&gt; files=&lt;n&gt;
 * &lt;SHA-256&gt; &lt;bytes&gt; &lt;path&gt;                     n times, in the manifest's order
 * the lines with which a manifest of this state begins (package partition)
 * &lt;SHA-256 of everything before&gt;
 * </pre>
 *
 * <p>Example, a store whose only file is its saved head at position 9 (the golden test decodes it;
 * in the fourth line each of the two line feeds with the spaces after it is a tab):
 *
 * <pre>
 * varve-listing version=1 id=00000000000000ab files=1
 * 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 4 checkpoint/0000000000000009.ckp
 * e2f962ac	varve-manifest version=1 number=1 lines=2
 * df820b37	store id=cafebabe00000001 hashSeed=-5 hashVersion=1 encoder=1 windowMillis=86400000
 *          flushed seq=9
 *          checkpoint seq=9 files=checkpoint/0000000000000009.ckp
 *          nextIndex generation=1
 * 5b691cfa420247a7be9dbe4b15a7e22397bf8e70a977bd121490175c79923757
 * </pre>
 *
 * @param id names the hold on the files that came with it, 16 hex digits; it says nothing of the
 *     store
 * @param state of the manifest
 * @param files all that the state names, in its order
 */
public record StoreListing(String id, ManifestState state, List<Entry> files) {
  private static final int VERSION = 1;
  private static final int MOST_PATH_CHARACTERS = 512;
  private static final int SUM_BYTES = 65;
  private static final Pattern ID = Pattern.compile("[0-9a-f]{16}");
  private static final Pattern HEADER =
      Pattern.compile("varve-listing version=(\\d{1,9}) id=([0-9a-f]{16}) files=(\\d{1,9})");
  private static final Pattern FILE =
      Pattern.compile(
          "([0-9a-f]{64}) (\\d{1,18}) ((?:w=[A-Za-z0-9+-]+|checkpoint|deletes)"
              + "(?:/[A-Za-z0-9=_+-][A-Za-z0-9.=_+-]*){1,3})");

  /** Keeps its own copy. */
  public StoreListing {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException("\"" + id + "\" is no id of a listing");
    }
    files = List.copyOf(files);
  }

  /**
   * A file.
   *
   * @param path in the data folder, with '/'
   * @param bytes its size
   * @param sha256 of its bytes, 64 lower-case hex digits
   */
  public record Entry(String path, long bytes, String sha256) {}

  /** The log position of the saved head: what is behind it comes from the log. */
  public long position() {
    return state.checkpointSequence();
  }

  /** Size of all files. */
  public long bytes() {
    return files.stream().mapToLong(Entry::bytes).sum();
  }

  /** Its bytes. */
  public byte[] encode() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StringBuilder text = new StringBuilder();
    text.append("varve-listing version=" + VERSION + " id=").append(id);
    text.append(" files=").append(files.size()).append('\n');
    for (Entry file : files) {
      text.append(file.sha256).append(' ').append(file.bytes).append(' ');
      text.append(file.path).append('\n');
    }
    out.writeBytes(text.toString().getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(Manifest.encode(state));
    byte[] sum = (Sha256.of(out.toByteArray()) + "\n").getBytes(StandardCharsets.US_ASCII);
    out.writeBytes(sum);
    return out.toByteArray();
  }

  /**
   * Reads what {@link #encode} gave.
   *
   * @param source for messages
   * @throws CorruptDataException if it is anything else, or lists other files than its state names:
   *     no path of it leads out of the data folder
   */
  public static StoreListing decode(byte[] bytes, String source) {
    int end = bytes.length - SUM_BYTES;
    if (end < 0) {
      throw new CorruptDataException(source, 0, "is too short for a listing");
    }
    String sum = new String(bytes, end, SUM_BYTES, StandardCharsets.US_ASCII);
    if (!sum.equals(Sha256.of(Arrays.copyOf(bytes, end)) + "\n")) {
      throw new CorruptDataException(source, end, "the checksum does not match");
    }
    int at = lineEnd(bytes, 0, end, source);
    Matcher header = HEADER.matcher(text(bytes, 0, at));
    if (!header.matches()) {
      throw new CorruptDataException(source, 0, "is no listing of a store");
    }
    if (Integer.parseInt(header.group(1)) != VERSION) {
      throw new CorruptDataException(
          source, 0, "is of version " + header.group(1) + ", this program reads " + VERSION);
    }
    int count = Integer.parseInt(header.group(3));
    List<Entry> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int from = at + 1;
      at = lineEnd(bytes, from, end, source);
      Matcher file = FILE.matcher(text(bytes, from, at));
      if (!file.matches() || file.group(3).length() > MOST_PATH_CHARACTERS) {
        throw new CorruptDataException(source, from, "is no file of a store");
      }
      files.add(new Entry(file.group(3), Long.parseLong(file.group(2)), file.group(1)));
    }
    ManifestState state = Manifest.decode(Arrays.copyOfRange(bytes, at + 1, end), source);
    StoreListing listing = new StoreListing(header.group(2), state, files);
    listing.check(source, at + 1);
    return listing;
  }

  /** That the files are those that the state names. */
  private void check(String source, int offset) {
    List<NamedFiles.Named> named = NamedFiles.of(state);
    Map<String, Entry> listed = new HashMap<>();
    for (Entry file : files) {
      if (listed.put(file.path, file) != null) {
        throw new CorruptDataException(source, offset, file.path + " is listed twice");
      }
    }
    if (named.size() != files.size()) {
      throw new CorruptDataException(
          source, offset, named.size() + " files are named, " + files.size() + " listed");
    }
    for (NamedFiles.Named file : named) {
      Entry entry = listed.get(file.path());
      boolean fits =
          entry != null
              && (file.bytes() < 0 || file.bytes() == entry.bytes)
              && (file.sha256() == null || file.sha256().equals(entry.sha256));
      if (!fits) {
        throw new CorruptDataException(
            source, offset, file.path() + " is named otherwise than it is listed");
      }
    }
  }

  /** How a file is that two replicas should have alike. */
  public enum Difference {
    /** Both have it, with other bytes. */
    OTHER_BYTES,
    /** Only the one that was asked has it. */
    ONLY_HERE,
    /** Only the other one has it. */
    ONLY_THERE
  }

  /** The log position up to which everything is in files. */
  public long flushedTo() {
    return state.flushedSequence();
  }

  /**
   * What differs between two replicas that should not. Chunk files, indexes and tombstones follow
   * from the log: of one name they have the same bytes, and two replicas that are equally far with
   * their files have the same ones. Saved heads, receipts and files of aggregates each replica
   * makes for itself; they are not compared.
   *
   * @return by path, in order; empty if all is well
   */
  public SortedMap<String, Difference> differences(StoreListing other) {
    SortedMap<String, Difference> found = new TreeMap<>();
    Map<String, String> here = replicated();
    Map<String, String> there = other.replicated();
    boolean equallyFar = flushedTo() == other.flushedTo();
    here.forEach(
        (path, sha256) -> {
          String others = there.get(path);
          if (others != null && !others.equals(sha256)) {
            found.put(path, Difference.OTHER_BYTES);
          } else if (others == null && equallyFar) {
            found.put(path, Difference.ONLY_HERE);
          }
        });
    if (equallyFar) {
      for (String path : there.keySet()) {
        if (!here.containsKey(path)) {
          found.put(path, Difference.ONLY_THERE);
        }
      }
    }
    return found;
  }

  private Map<String, String> replicated() {
    Map<String, String> listed = new HashMap<>();
    files.forEach(file -> listed.put(file.path, file.sha256));
    Map<String, String> replicated = new HashMap<>();
    for (NamedFiles.Named file : NamedFiles.of(state)) {
      String sha256 = listed.get(file.path());
      if (file.replicated() && sha256 != null) {
        replicated.put(file.path(), sha256);
      }
    }
    return replicated;
  }

  private static int lineEnd(byte[] bytes, int from, int end, String source) {
    for (int i = from; i < Math.min(end, from + 2 * MOST_PATH_CHARACTERS); i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    throw new CorruptDataException(source, from, "a line does not end");
  }

  private static String text(byte[] bytes, int from, int end) {
    return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
  }

  /** True for what a SHA-256 looks like. */
  static boolean isSha256(String text) {
    if (text.length() != 64) {
      return false;
    }
    return HexFormat.isHexDigit(text.charAt(0))
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}
