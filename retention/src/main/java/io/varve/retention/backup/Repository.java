package io.varve.retention.backup;

import io.varve.engine.format.CorruptDataException;
import io.varve.retention.chunkstore.ChunkStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The objects of backups in a store: what they are called, and how they are read and written. */
final class Repository {
  static final String ABOUT = "varve-backups";
  static final String OBJECTS = "objects/";
  static final String LISTINGS = "backups/";
  static final String LOG = "log/";
  static final String NEWEST = "newest";
  static final String CREATING = "creating/";
  static final String PRUNING = "pruning/";

  /** Larger listings are refused; ten million files take about 1.5 GB. */
  private static final int MOST_LISTING_BYTES = Integer.MAX_VALUE - 64;

  private static final int MOST_ABOUT_BYTES = 4096;
  private static final int SALT_BYTES = 32;
  private static final String PLAIN = "varve-backups 1 plain\n";
  private static final Pattern ENCRYPTED =
      Pattern.compile("varve-backups 1 aes-256-gcm ([0-9a-f]{64}) ([0-9a-f]{64})\n");

  final ChunkStore store;
  final Sealing sealing;

  private Repository(ChunkStore store, Sealing sealing) {
    this.store = store;
    this.sealing = sealing;
  }

  /**
   * Finds out how the objects of a store are written.
   *
   * @param key null if they are not encrypted
   * @param begin whether a store without backups becomes one for them
   * @throws IOException if the key is not the one with which the backups there were made
   * @throws NoSuchFileException if there are no backups, and {@code begin} is false
   */
  static Repository open(ChunkStore store, @Nullable BackupKey key, boolean begin)
      throws IOException {
    SecureRandom random = new SecureRandom();
    String about;
    try (InputStream in = store.get(ABOUT, 0, MOST_ABOUT_BYTES)) {
      about = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (NoSuchFileException e) {
      if (!begin) {
        throw new NoSuchFileException("backup in " + store.place());
      }
      about = PLAIN;
      if (key != null) {
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        HexFormat hex = HexFormat.of();
        about =
            "varve-backups 1 aes-256-gcm "
                + hex.formatHex(salt)
                + " "
                + hex.formatHex(AesSealing.check(key.bytes(), salt))
                + "\n";
      }
      store.put(ABOUT, source(about.getBytes(StandardCharsets.US_ASCII)));
    }
    if (about.equals(PLAIN)) {
      if (key != null) {
        throw new IOException(
            "the backups in "
                + store.place()
                + " are not encrypted; encrypted ones need a place of their own");
      }
      return new Repository(store, new Sealing.None());
    }
    Matcher encrypted = ENCRYPTED.matcher(about);
    if (!encrypted.matches()) {
      throw new CorruptDataException(
          store.place() + ": " + ABOUT, 0, "is not what this program writes there");
    }
    if (key == null) {
      throw new IOException(
          "the backups in " + store.place() + " are encrypted; the key is needed");
    }
    byte[] salt = HexFormat.of().parseHex(encrypted.group(1));
    byte[] check = HexFormat.of().parseHex(encrypted.group(2));
    if (!MessageDigest.isEqual(check, AesSealing.check(key.bytes(), salt))) {
      throw new IOException("the backups in " + store.place() + " were encrypted with another key");
    }
    return new Repository(store, new AesSealing(key.bytes(), salt, random));
  }

  static ChunkStore.Source source(byte[] bytes) {
    return new ChunkStore.Source() {
      @Override
      public long bytes() {
        return bytes.length;
      }

      @Override
      public InputStream open() {
        return new ByteArrayInputStream(bytes);
      }
    };
  }

  /** The name of the object with these bytes. */
  String object(String sha256) {
    String id = sealing.nameOf(sha256);
    return OBJECTS + id.substring(0, 2) + "/" + id;
  }

  /** Its size in the store. */
  long stored(long bytes) {
    return sealing.sealedBytes(bytes);
  }

  void put(String name, ChunkStore.Source bytes) throws IOException {
    store.put(
        name,
        new ChunkStore.Source() {
          @Override
          public long bytes() throws IOException {
            return sealing.sealedBytes(bytes.bytes());
          }

          @Override
          public InputStream open() throws IOException {
            return sealing.seal(name, bytes.open());
          }
        });
  }

  /** Reads an object; the caller closes the stream. */
  InputStream open(String name) throws IOException {
    InputStream in = store.get(name, 0, Long.MAX_VALUE);
    try {
      return sealing.unseal(name, in);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  void put(BackupListing listing) throws IOException {
    put(LISTINGS + listing.name(), source(listing.encode()));
  }

  /**
   * The listing of a backup.
   *
   * @throws NoSuchFileException if there is no such backup
   * @throws IOException if it cannot be read or is damaged
   */
  BackupListing listing(String name) throws IOException {
    if (!BackupListing.NAME.matcher(name).matches()) {
      throw new NoSuchFileException("backup " + name + " in " + store.place());
    }
    byte[] bytes;
    try (InputStream in = open(LISTINGS + name)) {
      bytes = in.readNBytes(MOST_LISTING_BYTES);
    } catch (NoSuchFileException e) {
      throw new NoSuchFileException("backup " + name + " in " + store.place());
    }
    BackupListing listing;
    try {
      listing = BackupListing.decode(bytes, LISTINGS + name);
    } catch (CorruptDataException e) {
      DamagedObjectException damaged = new DamagedObjectException(String.valueOf(e.getMessage()));
      damaged.initCause(e);
      throw damaged;
    }
    if (!listing.name().equals(name)) {
      throw new DamagedObjectException(LISTINGS + name + ": is the listing of " + listing.name());
    }
    return listing;
  }
}
