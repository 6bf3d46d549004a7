package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.head.Tenants;
import io.varve.engine.model.SeriesKey;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What a snapshot holds on to while samples go from memory to files. */
final class CatalogTest {
  private static final long DAY = 86_400_000;

  private final Windows windows = new Windows(DAY);
  private final OpenHead open =
      new OpenHead(windows, new SeriesTable(0, new SeriesKey.Hash(1), new Tenants()));
  private final Catalog catalog = new Catalog(open.head(), open.late(), new TreeMap<>(), windows);

  /** Late samples that a snapshot taken now would see, on whichever side. */
  private long seen() {
    Catalog.Pinned pinned = catalog.pin();
    long samples = 0;
    for (LateHead.Window window : pinned.late().values()) {
      samples += window.samples();
    }
    for (Frozen frozen : pinned.view().frozen()) {
      for (LateHead.Window window : frozen.late().values()) {
        samples += window.samples();
      }
    }
    pinned.view().release();
    return samples;
  }

  private void late(long time) {
    open.late().add(windows.start(time), 0, time, Double.doubleToRawLongBits(time), 0);
  }

  @Test
  void lateSamplesAreSeenOnceWhileTheyAreFrozen() {
    late(5);
    late(DAY + 5);
    assertThat(seen()).isEqualTo(2);
    Frozen all = open.freeze(10, 1, false);
    assertThat(seen()).isEqualTo(2); // before there is a view that has them frozen
    catalog.froze(all, open);
    assertThat(seen()).isEqualTo(2);
    assertThat(open.late().isEmpty()).isTrue();
    late(6);
    assertThat(seen()).isEqualTo(3);
  }

  @Test
  void someWindowsOfLateSamplesAreFrozen() {
    late(5);
    late(DAY + 5);
    late(DAY + 6);
    Frozen some = open.freezeLate(10, 1, List.of(DAY, 7 * DAY));
    assertThat(seen()).isEqualTo(3);
    catalog.froze(some, open);
    assertThat(seen()).isEqualTo(3);
    assertThat(some.late().keySet()).containsExactly(DAY);
    assertThat(open.late().samples()).isEqualTo(1);
    late(DAY + 7);
    assertThat(seen()).isEqualTo(4);
  }
}
