package io.varve.retention.backup;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a backup consists of: the marker over all shards, and for each shard the files that make up
 * its data folder. Immutable. The package's description shows its bytes.
 *
 * @param name of the backup
 * @param createdMillis when it was made: everything that was acknowledged by then is in it
 * @param shards of which there is one at present
 */
public record BackupListing(String name, long createdMillis, List<Shard> shards) {
  /** What names of backups look like; their order is that of time. */
  static final Pattern NAME = Pattern.compile("[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z-[0-9a-f]{8}");

  private static final String FORMAT = "varve-backup";
  private static final int VERSION = 1;
  private static final int MOST_SHARDS = 4096;
  private static final long MOST_MILLIS = StretchName.MOST_SECONDS * 1_000;
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern STORE = Pattern.compile("[0-9a-f]{16}");
  private static final Pattern PATH =
      Pattern.compile("[A-Za-z0-9=_-][A-Za-z0-9.=_-]*(/[A-Za-z0-9=_-][A-Za-z0-9.=_-]*){0,7}");
  private static final int MOST_PATH_CHARACTERS = 512;
  private static final JsonFactory JSON = new JsonFactory();

  /** Keeps its own copy. */
  public BackupListing {
    shards = List.copyOf(shards);
  }

  /**
   * One shard.
   *
   * @param number of the shard
   * @param store number of the store, 16 hex digits
   * @param position log position of the last record that is in it
   * @param timeline of the log archive on which the position lies; "" if it was not archived
   * @param untilMillis by then everything had been logged that is in it
   * @param files of its data folder
   */
  public record Shard(
      int number,
      String store,
      long position,
      String timeline,
      long untilMillis,
      List<Entry> files) {
    /** Keeps its own copy. */
    public Shard {
      files = List.copyOf(files);
    }

    /** The first second to which it can be restored with the log behind it. */
    long untilSecond() {
      return Math.ceilDiv(untilMillis, 1_000);
    }
  }

  /**
   * A file.
   *
   * @param path in the data folder, with '/'
   * @param bytes its size
   * @param sha256 of its bytes, 64 lower-case hex digits
   * @param isDamaged true if it was not what it should have been when it was read
   */
  public record Entry(String path, long bytes, String sha256, boolean isDamaged) {}

  /** How many files there are. */
  public int files() {
    return shards.stream().mapToInt(shard -> shard.files.size()).sum();
  }

  /** Their size. */
  public long bytes() {
    return shards.stream().flatMap(shard -> shard.files.stream()).mapToLong(Entry::bytes).sum();
  }

  /** Paths of files that were damaged before they were stored: what they held is not in it. */
  public List<String> damaged() {
    return shards.stream()
        .flatMap(shard -> shard.files.stream())
        .filter(Entry::isDamaged)
        .map(Entry::path)
        .toList();
  }

  /** Its bytes. */
  byte[] encode() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeNumberField("version", VERSION);
      json.writeStringField("name", name);
      json.writeNumberField("created", createdMillis);
      json.writeArrayFieldStart("shards");
      for (Shard shard : shards) {
        json.writeStartObject();
        json.writeNumberField("shard", shard.number);
        json.writeStringField("store", shard.store);
        json.writeNumberField("position", shard.position);
        if (!shard.timeline.isEmpty()) {
          json.writeStringField("timeline", shard.timeline);
          json.writeNumberField("until", shard.untilMillis);
        }
        json.writeArrayFieldStart("files");
        for (Entry file : shard.files) {
          json.writeStartObject();
          json.writeStringField("path", file.path);
          json.writeNumberField("bytes", file.bytes);
          json.writeStringField("sha256", file.sha256);
          if (file.isDamaged) {
            json.writeBooleanField("damaged", true);
          }
          json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("into memory", e);
    }
    String line = "\n" + Sha256.of(out.toByteArray()) + "\n";
    out.writeBytes(line.getBytes(StandardCharsets.US_ASCII));
    return out.toByteArray();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @param source for messages
   * @throws CorruptDataException if it is anything else
   */
  static BackupListing decode(byte[] bytes, String source) {
    int end = bytes.length - 66;
    if (end < 0 || bytes[end] != '\n' || bytes[bytes.length - 1] != '\n') {
      throw new CorruptDataException(source, 0, "does not end with its checksum");
    }
    byte[] body = Arrays.copyOf(bytes, end);
    String sum = new String(bytes, end + 1, 64, StandardCharsets.US_ASCII);
    if (!sum.equals(Sha256.of(body))) {
      throw new CorruptDataException(source, end, "the checksum does not match");
    }
    try (JsonParser json = JSON.createParser(body)) {
      return new Reader(json, source).listing();
    } catch (IOException e) {
      throw new CorruptDataException(source, 0, "is no JSON: " + e.getMessage());
    }
  }

  /** Reads one value after the other. Fields that it does not know are passed over. */
  private static final class Reader {
    private final JsonParser json;
    private final String source;

    Reader(JsonParser json, String source) {
      this.json = json;
      this.source = source;
    }

    /** Takes a field's value; the parser stands at it. */
    private interface Field {
      boolean take(String name) throws IOException;
    }

    private CorruptDataException wrong(String problem) {
      return new CorruptDataException(source, json.currentLocation().getByteOffset(), problem);
    }

    private void object(Field field) throws IOException {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw wrong("an object is expected");
      }
      Set<String> seen = new HashSet<>();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        if (!seen.add(name)) {
          throw wrong(name + " stands there twice");
        }
        if (!field.take(name)) {
          json.skipChildren();
        }
      }
      if (json.currentToken() != JsonToken.END_OBJECT) {
        throw wrong("an object does not end");
      }
    }

    private String text(Pattern form) throws IOException {
      String text = json.currentToken() == JsonToken.VALUE_STRING ? json.getText() : "";
      if (text.length() > MOST_PATH_CHARACTERS || !form.matcher(text).matches()) {
        throw wrong("\"" + text + "\" is not what belongs there");
      }
      return text;
    }

    private long number(long most) throws IOException {
      if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        throw wrong("a whole number is expected");
      }
      long number = json.getLongValue();
      if (number < 0 || number > most) {
        throw wrong(number + " is out of range");
      }
      return number;
    }

    private void list(int most, Runnable before, Element element) throws IOException {
      before.run();
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw wrong("a list is expected");
      }
      for (int n = 0; json.nextToken() != JsonToken.END_ARRAY; n++) {
        if (n >= most || json.currentToken() == null) {
          throw wrong("a list is too long, or does not end");
        }
        element.take();
      }
    }

    private interface Element {
      void take() throws IOException;
    }

    BackupListing listing() throws IOException {
      json.nextToken();
      String[] name = {""};
      long[] numbers = {-1, -1};
      boolean[] isOne = new boolean[1];
      List<Shard> shards = new ArrayList<>();
      object(
          field -> {
            switch (field) {
              case "format" -> isOne[0] = text(Pattern.compile(".*")).equals(FORMAT);
              case "version" -> numbers[0] = number(Integer.MAX_VALUE);
              case "name" -> name[0] = text(NAME);
              case "created" -> numbers[1] = number(Long.MAX_VALUE);
              case "shards" -> list(MOST_SHARDS, () -> {}, () -> shards.add(shard()));
              default -> {
                return false;
              }
            }
            return true;
          });
      if (!isOne[0]) {
        throw wrong("is no listing of a backup");
      }
      if (numbers[0] != VERSION) {
        throw wrong("is of version " + numbers[0] + "; this program knows version " + VERSION);
      }
      if (name[0].isEmpty() || numbers[1] < 0 || shards.isEmpty()) {
        throw wrong("lacks its name, time or shards");
      }
      return new BackupListing(name[0], numbers[1], shards);
    }

    private Shard shard() throws IOException {
      long[] numbers = {-1, -1, 0};
      String[] store = {"", ""};
      List<Entry> files = new ArrayList<>();
      Set<String> paths = new HashSet<>();
      object(
          field -> {
            switch (field) {
              case "shard" -> numbers[0] = number(MOST_SHARDS);
              case "store" -> store[0] = text(STORE);
              case "position" -> numbers[1] = number(Long.MAX_VALUE);
              case "timeline" -> store[1] = text(NAME);
              case "until" -> numbers[2] = number(MOST_MILLIS);
              case "files" ->
                  list(
                      Integer.MAX_VALUE,
                      files::clear,
                      () -> {
                        Entry file = file();
                        if (!paths.add(file.path)) {
                          throw wrong(file.path + " stands there twice");
                        }
                        files.add(file);
                      });
              default -> {
                return false;
              }
            }
            return true;
          });
      if (numbers[0] < 0 || numbers[1] < 0 || store[0].isEmpty()) {
        throw wrong("a shard lacks its number, store or position");
      }
      return new Shard((int) numbers[0], store[0], numbers[1], store[1], numbers[2], files);
    }

    private Entry file() throws IOException {
      String[] texts = {"", ""};
      long[] bytes = {-1};
      boolean[] damaged = new boolean[1];
      object(
          field -> {
            switch (field) {
              case "path" -> texts[0] = text(PATH);
              case "bytes" -> bytes[0] = number(Long.MAX_VALUE);
              case "sha256" -> texts[1] = text(SHA256);
              case "damaged" -> damaged[0] = json.currentToken() == JsonToken.VALUE_TRUE;
              default -> {
                return false;
              }
            }
            return true;
          });
      if (texts[0].isEmpty() || texts[1].isEmpty() || bytes[0] < 0) {
        throw wrong("a file lacks its path, size or SHA-256");
      }
      return new Entry(texts[0], bytes[0], texts[1], damaged[0]);
    }
  }
}
