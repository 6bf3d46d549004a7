package io.varve.engine.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The bytes of a delete's file. */
final class DeleteFileTest {
  private static final DeleteEntry EXAMPLE =
      new DeleteEntry(
          7,
          "",
          List.of(Matcher.equal("a", "b")),
          new TimeRange(0, 1000),
          2000,
          0,
          0,
          List.of(DeleteEntry.Part.hidden(0, 1, 1, 5)));

  @Test
  void theExampleOfThePackage() {
    byte[] bytes =
        HexFormat.of()
            .parseHex(
                "566172766544454c01000000070000d0"
                    + "0f010001610162a01f00000100010105"
                    + "00000000000081b015f0");
    assertThat(HexFormat.of().formatHex(DeleteFile.encode(EXAMPLE)))
        .isEqualTo(HexFormat.of().formatHex(bytes));
    assertThat(DeleteFile.decode(bytes, "x")).isEqualTo(EXAMPLE);
  }

  @Test
  void aReceiptComesBack() {
    DeleteEntry.Trace old = new DeleteEntry.Trace("w=1/b=00/c-1.tch", "ab".repeat(32));
    DeleteEntry.Trace now = new DeleteEntry.Trace("w=1/b=00/c-2.tch", "cd".repeat(32));
    DeleteEntry.Part part = EXAMPLE.parts().getFirst();
    DeleteEntry purged =
        EXAMPLE.with(
            part.ended(DeleteEntry.End.PURGED, 9, 5000, 3, List.of(old, now), List.of(now)));
    assertThat(DeleteFile.decode(DeleteFile.encode(purged), "x")).isEqualTo(purged);
    assertThat(purged.purged()).isTrue();
    DeleteEntry undone = EXAMPLE.undone(11, 6000);
    assertThat(DeleteFile.decode(DeleteFile.encode(undone), "x")).isEqualTo(undone);
  }

  @Test
  void hostileBytesEndInOneException() {
    Random random = new Random(Seeds.usual(3));
    byte[] good = DeleteFile.encode(EXAMPLE);
    for (int round = 0; round < 20_000; round++) {
      byte[] bad = good.clone();
      for (int i = 1 + random.nextInt(4); i > 0; i--) {
        bad[8 + random.nextInt(bad.length - 12)] = (byte) random.nextInt(256);
      }
      int crc = Crc32c.of(bad, 0, bad.length - 4);
      for (int i = 0; i < 4; i++) {
        bad[bad.length - 4 + i] = (byte) (crc >>> 8 * i);
      }
      try {
        DeleteFile.decode(bad, "bad");
      } catch (CorruptDataException e) {
        assertThat(e.getMessage()).contains("bad");
      }
    }
    byte[] flipped = good.clone();
    flipped[20] ^= 1;
    assertThatThrownBy(() -> DeleteFile.decode(flipped, "f"))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("checksum");
  }
}
