package io.varve.ingest.protobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** protobuf's own streams are the oracle. */
final class ProtoReaderTest {
  private static ProtoReader on(int... bytes) {
    byte[] b = new byte[bytes.length];
    for (int i = 0; i < b.length; i++) {
      b[i] = (byte) bytes[i];
    }
    return new ProtoReader("test").on(b, 0, b.length);
  }

  @Test
  void varintsOfAllLengths() throws IOException {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      long v = random.nextLong() >>> random.nextInt(64);
      byte[] bytes = new byte[20];
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      out.writeUInt64NoTag(v);
      out.writeSInt64NoTag(v);
      ProtoReader in = new ProtoReader("test").on(bytes, 0, out.getTotalBytesWritten());
      assertThat(in.varint()).as("seed %d", seed).isEqualTo(v);
      assertThat(in.zigzag()).as("seed %d", seed).isEqualTo(v);
      assertThat(in.atEnd()).isTrue();
      if (v >= 0 && v <= Integer.MAX_VALUE) {
        assertThat(ProtoReader.varintBytes((int) v))
            .isEqualTo(CodedOutputStream.computeUInt64SizeNoTag(v));
      }
    }
  }

  @Test
  void whatIsNotProtobufIsCorruptWithItsOffset() {
    assertThatThrownBy(() -> on(0x80).varint())
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("test at byte 0");
    assertThatThrownBy(() -> on(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1).varint())
        .isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(0).tag()).isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(7).tag()).isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(0x80, 0x80, 0x80, 0x80, 0x10).tag())
        .isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(3, 1, 2).length()).isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(1, 2, 3, 4, 5, 6, 7).fixed64())
        .isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(1, 2, 3).skip(5)).isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(1, 2, 3).skip(6)).isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on(1, 2, 3).skip(4)).isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> on().skip(11)).isInstanceOf(CorruptDataException.class);
  }

  @Test
  void skippingAgreesWithProtobuf() {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    int whole = 0;
    for (int i = 0; i < 50_000; i++) {
      byte[] bytes = new byte[1 + random.nextInt(12)];
      random.nextBytes(bytes);
      for (int k = 0; k < bytes.length; k++) {
        bytes[k] = (byte) (bytes[k] & (random.nextInt(5) == 0 ? 0x7F : 0x0F));
      }
      int ours = ours(bytes);
      int theirs = theirs(bytes);
      if (theirs != -2) {
        assertThat(ours).as("seed %d bytes %s", seed, Arrays.toString(bytes)).isEqualTo(theirs);
        whole += theirs > 0 ? 1 : 0;
      }
    }
    assertThat(whole).isPositive();
  }

  /** Fields in the bytes, −1 if they are corrupt. */
  private static int ours(byte[] bytes) {
    ProtoReader in = new ProtoReader("test").on(bytes, 0, bytes.length);
    try {
      int fields = 0;
      while (!in.atEnd()) {
        in.skip(in.tag());
        fields++;
      }
      return fields;
    } catch (CorruptDataException e) {
      return -1;
    }
  }

  /** The same by protobuf; −2 for groups, whose end it checks more strictly. */
  private static int theirs(byte[] bytes) {
    CodedInputStream in = CodedInputStream.newInstance(bytes);
    try {
      int fields = 0;
      while (!in.isAtEnd()) {
        int tag = in.readTag();
        if ((tag & 7) == 3 || (tag & 7) == 4) {
          return -2;
        }
        in.skipField(tag);
        fields++;
      }
      return fields;
    } catch (IOException e) {
      return -1;
    }
  }
}
