package io.varve.http.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

final class PemKeyTest {
  private static final String EC =
      """
      -----BEGIN EC PARAMETERS-----
      BggqhkjOPQMBBw==
      -----END EC PARAMETERS-----
      -----BEGIN EC PRIVATE KEY-----
      KEY
      -----END EC PRIVATE KEY-----
      """;

  private static String pem(String kind, byte[] der) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(der)
        + "\n-----END "
        + kind
        + "-----\n";
  }

  @Test
  void keysOfEveryFormAreTheSameKey() throws Exception {
    KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
    rsa.initialize(2048);
    KeyPair pair = rsa.generateKeyPair();
    byte[] whole = pair.getPrivate().getEncoded();
    assertThat(PemKey.read(pem("PRIVATE KEY", whole))).isEqualTo(pair.getPrivate());
    // The older form is what stands in the envelope, behind 26 bytes of it.
    byte[] old = Arrays.copyOfRange(whole, 26, whole.length);
    assertThat(PemKey.read(pem("RSA PRIVATE KEY", old))).isEqualTo(pair.getPrivate());

    KeyPairGenerator ec = KeyPairGenerator.getInstance("EC");
    ec.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair curve = ec.generateKeyPair();
    byte[] envelope = curve.getPrivate().getEncoded();
    assertThat(PemKey.read(pem("PRIVATE KEY", envelope))).isEqualTo(curve.getPrivate());
    // SEQUENCE {1, the number, [0] {prime256v1}}: 02 01 01, 04 20 and 32 bytes, a0 0a and its name.
    byte[] number = Arrays.copyOfRange(envelope, 35, 67);
    byte[] key = new byte[2 + 3 + 2 + 32 + 12];
    byte[] begin = {0x30, 49, 2, 1, 1, 4, 32};
    byte[] name = {(byte) 0xa0, 10, 6, 8, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 3, 1, 7};
    System.arraycopy(begin, 0, key, 0, 7);
    System.arraycopy(number, 0, key, 7, 32);
    System.arraycopy(name, 0, key, 39, 12);
    String text = EC.replace("KEY\n", Base64.getMimeEncoder().encodeToString(key) + "\n");
    assertThat(PemKey.read(text))
        .isInstanceOfSatisfying(
            ECPrivateKey.class,
            read -> assertThat(read.getS()).isEqualTo(((ECPrivateKey) curve.getPrivate()).getS()));

    // However it is cut or changed, it ends in this exception or in some key.
    for (int i = 0; i < key.length; i++) {
      String cut = pem("EC PRIVATE KEY", Arrays.copyOf(key, i));
      assertThatThrownBy(() -> PemKey.read(cut)).isInstanceOf(IOException.class);
      byte[] changed = key.clone();
      changed[i] ^= (byte) 0x85;
      try {
        var _ = PemKey.read(pem("EC PRIVATE KEY", changed));
      } catch (IOException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }

  @Test
  void whatIsNoKeyIsNamed() {
    assertThatThrownBy(() -> PemKey.read("x")).hasMessage("there is no private key");
    assertThatThrownBy(() -> PemKey.read(pem("ENCRYPTED PRIVATE KEY", new byte[9])))
        .hasMessage("the key is encrypted");
    assertThatThrownBy(() -> PemKey.read(pem("DSA PRIVATE KEY", new byte[9])))
        .hasMessage("a key of an unknown kind: DSA PRIVATE KEY");
    assertThatThrownBy(() -> PemKey.read(pem("PRIVATE KEY", new byte[9])))
        .hasMessage("the key is neither EC, RSA nor EdDSA");
  }
}
