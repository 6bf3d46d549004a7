package io.varve.retention.backup;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM. Each object has a key of its own, derived from the operator's key and 32 random
 * bytes, so that nonces may simply count. It is cut into pieces, each with a tag that also proves
 * the object's name, the piece's number and whether it is the last: nothing can be altered, moved,
 * exchanged or cut off unnoticed. The name of an object is keyed as well, so that whoever sees the
 * store cannot tell whether it holds a file that they know. The package's description has the
 * bytes.
 */
final class AesSealing implements Sealing {
  static final int KEY_BYTES = 32;
  static final int PIECE_BYTES = 1 << 16;
  static final int TAG_BYTES = 16;
  private static final byte[] MAGIC = "VARVESEA".getBytes(StandardCharsets.US_ASCII);
  private static final byte VERSION = 1;
  private static final int SALT_BYTES = 32;
  static final int HEADER_BYTES = MAGIC.length + 1 + SALT_BYTES;

  private final byte[] key;
  private final SecretKey names;
  private final SecureRandom random;

  /**
   * With the operator's key.
   *
   * @param storeSalt random bytes of the store
   */
  AesSealing(byte[] key, byte[] storeSalt, SecureRandom random) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("a key of " + key.length + " bytes");
    }
    this.key = key.clone();
    this.random = random;
    names = derived(this.key, storeSalt, "varve backup names");
  }

  /** What tells the operator's key from another one, without telling the key. */
  static byte[] check(byte[] key, byte[] storeSalt) {
    return derived(key, storeSalt, "varve backup check").getEncoded();
  }

  private static SecretKey derived(byte[] key, byte[] salt, String purpose) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveKey(
              "AES",
              HKDFParameterSpec.ofExtract()
                  .addIKM(key)
                  .addSalt(salt)
                  .thenExpand(purpose.getBytes(StandardCharsets.US_ASCII), KEY_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java runtime of version 25 has HKDF-SHA256", e);
    }
  }

  @Override
  public String nameOf(String sha256) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(names.getEncoded(), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(sha256.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java runtime has HmacSHA256", e);
    }
  }

  @Override
  public long sealedBytes(long bytes) {
    long pieces = Math.max(1, (bytes + PIECE_BYTES - 1) / PIECE_BYTES);
    return HEADER_BYTES + bytes + pieces * TAG_BYTES;
  }

  @Override
  public InputStream seal(String name, InputStream bytes) {
    byte[] salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).put(MAGIC).put(VERSION).put(salt);
    return new SequenceInputStream(
        new ByteArrayInputStream(header.array()),
        new Pieces(name, bytes, derived(key, salt, "varve backup object"), Cipher.ENCRYPT_MODE));
  }

  @Override
  public InputStream unseal(String name, InputStream sealed) throws IOException {
    byte[] header = sealed.readNBytes(HEADER_BYTES);
    if (header.length < HEADER_BYTES) {
      throw new DamagedObjectException(name + ": is cut off after " + header.length + " bytes");
    }
    if (!Arrays.equals(header, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new DamagedObjectException(name + ": is not encrypted as the store says");
    }
    if (header[MAGIC.length] != VERSION) {
      throw new DamagedObjectException(
          name + ": is encrypted by version " + header[MAGIC.length] + "; this program knows 1");
    }
    byte[] salt = Arrays.copyOfRange(header, MAGIC.length + 1, HEADER_BYTES);
    return new Pieces(name, sealed, derived(key, salt, "varve backup object"), Cipher.DECRYPT_MODE);
  }

  /** The pieces of an object, from one form into the other. */
  private static final class Pieces extends InputStream {
    private final String name;
    private final InputStream in;
    private final SecretKey objectKey;
    private final int mode;
    private final int inBytes;
    private byte[] next;
    private byte[] piece = new byte[0];
    private int at;
    private long number;
    private boolean ended;

    Pieces(String name, InputStream in, SecretKey objectKey, int mode) {
      this.name = name;
      this.in = in;
      this.objectKey = objectKey;
      this.mode = mode;
      inBytes = mode == Cipher.ENCRYPT_MODE ? PIECE_BYTES : PIECE_BYTES + TAG_BYTES;
      next = new byte[0];
    }

    /** Goes on to the next piece that has bytes; false at the end. */
    private boolean fill() throws IOException {
      while (at == piece.length) {
        if (ended) {
          return false;
        }
        if (number == 0) {
          next = in.readNBytes(inBytes);
        }
        byte[] after = next.length < inBytes ? new byte[0] : in.readNBytes(inBytes);
        ended = after.length == 0;
        piece = turned(next, ended);
        at = 0;
        number++;
        next = after;
      }
      return true;
    }

    private byte[] turned(byte[] bytes, boolean last) throws IOException {
      byte[] nonce = ByteBuffer.allocate(12).putInt(0).putLong(number).array();
      byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
      ByteBuffer bound = ByteBuffer.allocate(nameBytes.length + 10);
      bound.put(nameBytes).put((byte) 0).putLong(number).put((byte) (last ? 1 : 0));
      try {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, objectKey, new GCMParameterSpec(8 * TAG_BYTES, nonce));
        cipher.updateAAD(bound.array());
        return cipher.doFinal(bytes);
      } catch (AEADBadTagException e) {
        DamagedObjectException damaged =
            new DamagedObjectException(
                name + ": piece " + number + " is altered, or the object is cut off");
        damaged.initCause(e);
        throw damaged;
      } catch (GeneralSecurityException e) {
        if (mode == Cipher.DECRYPT_MODE && bytes.length < TAG_BYTES) {
          throw new DamagedObjectException(name + ": is cut off in piece " + number);
        }
        throw new IllegalStateException("every Java runtime has AES/GCM/NoPadding", e);
      }
    }

    @Override
    public int read() throws IOException {
      return fill() ? piece[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!fill()) {
        return -1;
      }
      int n = Math.min(length, piece.length - at);
      System.arraycopy(piece, at, into, offset, n);
      at += n;
      return n;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
