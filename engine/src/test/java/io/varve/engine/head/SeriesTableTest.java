package io.varve.engine.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

/** The look-up of {@link SeriesTable}: label bytes are any here. */
final class SeriesTableTest {
  private static final int SERIES = 20_000; // the slots grow several times on the way

  private static byte[] labels(int n) {
    return ("series " + n).getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void findsWhatIsThereAndNothingElse() {
    SeriesTable table = new SeriesTable(0, new SeriesKey.Hash(7), new Tenants());
    int tenant = table.tenants().id("a");
    int other = table.tenants().id("b");
    for (int n = 0; n < SERIES; n++) {
      byte[] labels = labels(n);
      assertThat(table.find(tenant, labels, 0, labels.length)).isEqualTo(WriteBatch.UNKNOWN);
      SeriesKey key = table.key(tenant, labels, 0, labels.length);
      assertThat(table.add(key, tenant, labels, 0, labels.length)).isEqualTo(n);
    }
    for (int n = 0; n < SERIES; n++) {
      byte[] labels = labels(n);
      assertThat(table.find(tenant, labels, 0, labels.length)).isEqualTo(n);
      assertThat(table.find(other, labels, 0, labels.length)).isEqualTo(WriteBatch.UNKNOWN);
    }
  }

  /** A thread makes series findable while more of them come. */
  @Test
  void findsWhatWasRestored() throws Exception {
    SeriesTable added = new SeriesTable(0, new SeriesKey.Hash(7), new Tenants());
    SeriesTable table = new SeriesTable(0, new SeriesKey.Hash(7), new Tenants());
    int tenant = added.tenants().id("a");
    assertThat(table.tenants().id("a")).isEqualTo(tenant);
    Thread finder = Thread.ofPlatform().unstarted(table::findRestored);
    for (int n = 0; n < SERIES; n++) {
      byte[] labels = labels(n);
      added.add(added.key(tenant, labels, 0, labels.length), tenant, labels, 0, labels.length);
      assertThat(table.restore(tenant, labels, 0, labels.length)).isEqualTo(n);
      if (n == SERIES / 2) {
        assertThat(table.restored()).isEqualTo(n + 1);
        finder.start();
      }
    }
    finder.join();
    assertThat(table.restored()).isBetween(0, SERIES / 2); // none if the thread began late
    table.findRestored();
    assertThat(table.restored()).isZero();
    for (int n = SERIES; n < SERIES + 500; n++) {
      byte[] labels = labels(n);
      if (n % 50 == 0) {
        table.restore(tenant, labels, 0, labels.length); // an addition catches up
      } else {
        SeriesKey key = table.key(tenant, labels, 0, labels.length);
        assertThat(table.add(key, tenant, labels, 0, labels.length)).isEqualTo(n);
      }
    }
    for (int n = 0; n < SERIES + 500; n++) {
      byte[] labels = labels(n);
      assertThat(table.find(tenant, labels, 0, labels.length)).isEqualTo(n);
      assertThat(table.key(n)).isEqualTo(table.key(tenant, labels, 0, labels.length));
      if (n < SERIES) {
        assertThat(table.key(n)).isEqualTo(added.key(n));
      }
    }
    BitSet odd = new BitSet();
    for (int n = 1; n < SERIES; n += 2) {
      odd.set(n);
    }
    byte[] last = labels(-1);
    table.restore(tenant, last, 0, last.length);
    odd.set(SERIES + 500);
    SeriesTable compacted = table.compact(odd);
    assertThat(compacted.find(tenant, last, 0, last.length)).isEqualTo(SERIES / 2);
  }

  /** Keys that begin at one slot, and some that have the same bits in it. */
  @Test
  void tellsKeysApartThatShareASlot() {
    SeriesTable table = new SeriesTable(0, new SeriesKey.Hash(7), new Tenants());
    int tenant = table.tenants().id("");
    SeriesKey[] keys = new SeriesKey[300];
    for (int n = 0; n < keys.length; n++) {
      // Lowest bits all ones: probing goes past the end of the array.
      long low = 0xFFFFFFFFL | (long) (n % 3) << 62 | (long) n << 32;
      keys[n] = new SeriesKey(n % 7, low);
      byte[] labels = labels(n);
      assertThat(table.find(keys[n], tenant, labels, 0, labels.length))
          .isEqualTo(WriteBatch.UNKNOWN);
      assertThat(table.add(keys[n], tenant, labels, 0, labels.length)).isEqualTo(n);
    }
    for (int n = 0; n < keys.length; n++) {
      byte[] labels = labels(n);
      assertThat(table.find(keys[n], tenant, labels, 0, labels.length)).isEqualTo(n);
    }
  }
}
