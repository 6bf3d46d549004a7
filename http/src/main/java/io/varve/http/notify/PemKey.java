package io.varve.http.notify;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the private key of a certificate from PEM: PKCS #8, or the older forms of RSA and EC. */
final class PemKey {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z ]*PRIVATE KEY)-----([^-]*)-----END \\1-----");
  private static final byte[] VERSION = HexFormat.of().parseHex("020100");
  private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");
  private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");
  private static final int SEQUENCE = 0x30;
  private static final int OCTETS = 0x04;
  private static final int CURVE = 0xa0;

  private PemKey() {}

  /**
   * The first private key of a text.
   *
   * @throws IOException if there is none that can be read
   */
  static PrivateKey read(String text) throws IOException {
    Matcher block = BLOCK.matcher(text);
    if (!block.find()) {
      throw new IOException("there is no private key");
    }
    byte[] der;
    try {
      der = Base64.getMimeDecoder().decode(block.group(2).getBytes(StandardCharsets.US_ASCII));
      return switch (block.group(1)) {
        case "PRIVATE KEY" -> any(der);
        case "RSA PRIVATE KEY" -> any(wrapped(RSA, der));
        case "EC PRIVATE KEY" -> any(wrapped(element(SEQUENCE, EC, curve(der)), der));
        case "ENCRYPTED PRIVATE KEY" -> throw new IOException("the key is encrypted");
        default -> throw new IOException("a key of an unknown kind: " + block.group(1));
      };
    } catch (IllegalArgumentException e) {
      throw new IOException("the key is not base64 text", e);
    }
  }

  private static PrivateKey any(byte[] der) throws IOException {
    for (String kind : new String[] {"EC", "RSA", "EdDSA"}) {
      try {
        return KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (GeneralSecurityException e) {
        // of another kind
      }
    }
    throw new IOException("the key is neither EC, RSA nor EdDSA");
  }

  /** A key of its own form in the envelope of PKCS #8. */
  private static byte[] wrapped(byte[] algorithm, byte[] key) {
    return element(SEQUENCE, VERSION, algorithm, element(OCTETS, key));
  }

  /** The name of an EC key's curve, which stands behind version and key in it. */
  private static byte[] curve(byte[] der) throws IOException {
    int at = header(der, 0);
    while (at < der.length - 1) {
      int content = header(der, at);
      int length = length(der, at);
      if ((der[at] & 0xff) == CURVE && content + length <= der.length) {
        return Arrays.copyOfRange(der, content, content + length);
      }
      at = content + length;
    }
    throw new IOException("the key does not name its curve");
  }

  /** Where the content of an element begins. */
  private static int header(byte[] der, int at) throws IOException {
    if (at + 2 > der.length) {
      throw new IOException("the key ends early");
    }
    int first = der[at + 1] & 0xff;
    return at + 2 + (first < 0x80 ? 0 : first - 0x80);
  }

  private static int length(byte[] der, int at) throws IOException {
    int content = header(der, at);
    if (content == at + 2) {
      return der[at + 1] & 0xff;
    }
    if (content - at > 4 || content > der.length) {
      throw new IOException("the key is damaged");
    }
    int length = 0;
    for (int i = at + 2; i < content; i++) {
      length = length << 8 | (der[i] & 0xff);
    }
    return length;
  }

  private static byte[] element(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = content.size();
    if (length < 0x80) {
      out.write(length);
    } else {
      byte[] bytes = BigInteger.valueOf(length).toByteArray();
      int skip = bytes[0] == 0 ? 1 : 0;
      out.write(0x80 + bytes.length - skip);
      out.write(bytes, skip, bytes.length - skip);
    }
    out.writeBytes(content.toByteArray());
    return out.toByteArray();
  }
}
