package io.varve.retention.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.varve.engine.LogFeed;
import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import io.varve.engine.log.ShardLog;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The bytes of archived stretches of the log, and their names. */
final class LogStretchTest {
  private static final String TIMELINE = "20261122T183100.123Z-0badcafe";

  /** As the package's description has it. */
  private static final String GOLDEN =
      "56415256454C4F47 01 8877665544332211 00 00 04 02 02 CCEE8CD806 04 01 02"
          + " 01 01 01 05 68656C6C6F 00 02 01 00";

  private static final class Heard implements ShardLog.RecordConsumer {
    final List<String> told = new ArrayList<>();

    @Override
    public void segment(long firstSequence) {
      told.add("segment " + firstSequence);
    }

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      told.add(
          sequence
              + " "
              + type
              + " "
              + new String(payload, offset, length, StandardCharsets.US_ASCII));
    }
  }

  private static LogStretch stretch() {
    LogStretch stretch = new LogStretch(4);
    stretch.segment(5);
    stretch.record(5, 1, "xhello".getBytes(StandardCharsets.US_ASCII), 1, 5);
    stretch.record(6, 2, new byte[0], 0, 0);
    return stretch;
  }

  private static byte[] withSum(byte[] bytes) {
    byte[] all = Arrays.copyOf(bytes, bytes.length + 32);
    MessageDigest digest = Sha256.digest();
    digest.update(bytes);
    System.arraycopy(digest.digest(), 0, all, bytes.length, 32);
    return all;
  }

  private static byte[] golden() {
    return withSum(HexFormat.of().parseHex(GOLDEN.replace(" ", "")));
  }

  @Test
  void isAsDescribed() throws Exception {
    List<LogFeed.Mark> marks =
        List.of(new LogFeed.Mark(1_795_372_876L, 4), new LogFeed.Mark(1_795_372_877L, 6));
    assertThat(stretch().encode(0x1122334455667788L, "", marks)).isEqualTo(golden());
    LogStretch.Content read = LogStretch.decode(golden(), "it");
    assertThat(read.marks()).isEqualTo(marks);
    assertThat(read.storeId()).isEqualTo(0x1122334455667788L);
    assertThat(read.after()).isEqualTo(4);
    assertThat(read.last()).isEqualTo(6);
    assertThat(read.positionAt(1_795_372_876L)).isEqualTo(4);
    assertThat(read.positionAt(1_795_372_877L)).isEqualTo(6);
    assertThat(read.positionAt(1_795_372_878L)).isEqualTo(-1);
    Heard heard = new Heard();
    read.records(6, heard);
    assertThat(heard.told).containsExactly("segment 5", "5 1 hello", "6 2 ");
    Heard some = new Heard();
    read.records(5, some);
    assertThat(some.told).containsExactly("segment 5", "5 1 hello");
  }

  @Test
  void namesComeBack() {
    StretchName name = new StretchName(TIMELINE, 1_795_372_876L, 1_795_372_936L, 4, Long.MAX_VALUE);
    assertThat(name.object())
        .isEqualTo(
            "log/20261122T183100.123Z-0badcafe/20261122/"
                + "20261122T184116Z-20261122T184216Z-0000000000000004-7fffffffffffffff");
    assertThat(StretchName.parse(name.object())).isEqualTo(name);
    for (String none :
        List.of(
            "log/x/y",
            name.object() + "0",
            name.object().replace("/20261122/", "/20261123/"),
            name.object().replace("20261122T184116Z", "20261322T184116Z"),
            name.object().replace("20261122T184116Z", "20261122T184316Z"),
            name.object().replace("0000000000000004", "ffffffffffffffff"))) {
      assertThat(StretchName.parse(none)).as(none).isNull();
    }
  }

  @Test
  void everyFlippedBitAndEveryCutIsNoticed() {
    byte[] bytes = golden();
    for (int i = 0; i < bytes.length * 8; i++) {
      byte[] damaged = bytes.clone();
      damaged[i / 8] ^= (byte) (1 << (i % 8));
      assertThatExceptionOfType(CorruptDataException.class)
          .isThrownBy(() -> LogStretch.decode(damaged, "it"));
    }
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatExceptionOfType(CorruptDataException.class)
          .isThrownBy(() -> LogStretch.decode(cut, "it"));
    }
  }

  /** Also where the checksum is right, which whoever can write to the store can see to. */
  @Test
  void hostileBytesEndInOneException() throws Exception {
    Random random = new Random(Seeds.usual(8_602));
    byte[] sound = HexFormat.of().parseHex(GOLDEN.replace(" ", ""));
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = Arrays.copyOf(sound, 10 + random.nextInt(sound.length));
      for (int n = random.nextInt(4); n >= 0; n--) {
        bytes[9 + random.nextInt(bytes.length - 9)] = (byte) random.nextInt();
      }
      try {
        LogStretch.Content read = LogStretch.decode(withSum(bytes), "it");
        Heard heard = new Heard();
        read.records(Long.MAX_VALUE, heard);
      } catch (CorruptDataException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(10_000);
  }
}
