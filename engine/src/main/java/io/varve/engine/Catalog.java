package io.varve.engine;

import io.varve.engine.head.Head;
import io.varve.engine.head.LateHead;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The current {@link View}, replaced as a whole by one volatile store; readers never block. Changes
 * come from the write path (freezing, deletes) and from the jobs (files), one at a time.
 */
final class Catalog {
  private volatile View view;
  private volatile @Nullable SilentSeries silent;
  private final LateHead late;
  private final Windows cut;
  private final WindowVersions versions;

  Catalog(Head head, LateHead late, NavigableMap<Long, WindowView> windows, Windows cut) {
    this.late = late;
    this.cut = cut;
    this.versions = new WindowVersions(cut);
    this.view = new View(head, List.of(), windows, List.of(), List.of(), Set.of());
  }

  /** When what was last changed; whoever makes samples visible tells it. */
  WindowVersions versions() {
    return versions;
  }

  /** Series of the head of which everything is gone; null if nobody has looked. */
  @Nullable SilentSeries silent() {
    return silent;
  }

  void silent(SilentSeries series) {
    silent = series;
  }

  /** A view with the late samples that belong to it; the caller releases the view. */
  Pinned pin() {
    while (true) {
      View now = view;
      if (now.tryRetain()) {
        // Frozen late windows are put into a new view, then taken out of the open head. Whoever saw
        // the view before this one comes again; who came between the two sees them on both sides.
        TreeMap<Long, LateHead.Window> lateWindows =
            late.isEmpty() ? new TreeMap<>() : late.windows();
        if (view == now) {
          for (Frozen frozen : now.frozen()) {
            frozen.late().forEach(lateWindows::remove);
          }
          return new Pinned(now, lateWindows);
        }
        now.release();
      }
    }
  }

  /** A view that is held, and the late samples of the open head. */
  record Pinned(View view, TreeMap<Long, LateHead.Window> late) {}

  /** The view without holding it: for what does not touch files. */
  View peek() {
    return view;
  }

  private void publish(View next) {
    View before = view;
    view = next;
    before.release();
  }

  /** Samples are on their way into files; late ones leave the open head. */
  synchronized void froze(Frozen frozen, OpenHead open) {
    List<Frozen> all = new ArrayList<>(view.frozen());
    all.add(frozen);
    publish(
        new View(open.head(), all, view.windows(), view.deletes(), view.expiries(), view.undone()));
    // Not before they are shown on the other side: see pin.
    frozen.late().forEach(late::take);
  }

  synchronized void deleted(Delete delete) {
    List<Delete> deletes = new ArrayList<>(view.deletes());
    deletes.add(delete);
    publish(
        new View(
            view.head(), view.frozen(), view.windows(), deletes, view.expiries(), view.undone()));
    versions.changed(delete.range());
  }

  /** A delete is taken back: what it hid is there again. */
  synchronized void undeleted(long id, TimeRange range) {
    List<Delete> deletes = new ArrayList<>(view.deletes());
    deletes.removeIf(delete -> delete.position() == id);
    Set<Long> undone = new HashSet<>(view.undone());
    undone.add(id);
    publish(new View(view.head(), view.frozen(), view.windows(), deletes, view.expiries(), undone));
    versions.changed(range);
  }

  /** That a delete was taken back has reached the files. */
  synchronized void exhumed(long id, List<WindowView> changed) {
    Set<Long> undone = new HashSet<>(view.undone());
    undone.remove(id);
    publish(
        new View(
            view.head(),
            view.frozen(),
            replaced(changed),
            view.deletes(),
            view.expiries(),
            undone));
  }

  /** After a replay: the open head may be another one than at the start. */
  synchronized void reopened(OpenHead open) {
    publish(
        new View(
            open.head(),
            view.frozen(),
            view.windows(),
            view.deletes(),
            view.expiries(),
            view.undone()));
  }

  /** Samples became files: those windows take the place of the frozen samples. */
  synchronized void sealed(Frozen frozen, List<WindowView> changed) {
    List<Frozen> all = new ArrayList<>(view.frozen());
    all.remove(frozen);
    publish(
        new View(
            view.head(), all, replaced(changed), view.deletes(), view.expiries(), view.undone()));
  }

  /** A delete has reached the files. */
  synchronized void buried(Delete delete, List<WindowView> changed) {
    List<Delete> deletes = new ArrayList<>(view.deletes());
    deletes.remove(delete);
    publish(
        new View(
            view.head(),
            view.frozen(),
            replaced(changed),
            deletes,
            view.expiries(),
            view.undone()));
  }

  /** A window has other files. */
  synchronized void merged(WindowView changed) {
    publish(
        new View(
            view.head(),
            view.frozen(),
            replaced(List.of(changed)),
            view.deletes(),
            view.expiries(),
            view.undone()));
  }

  synchronized void dropped(List<Long> starts) {
    TreeMap<Long, WindowView> windows = new TreeMap<>(view.windows());
    starts.forEach(windows::remove);
    publish(
        new View(
            view.head(), view.frozen(), windows, view.deletes(), view.expiries(), view.undone()));
    for (long start : starts) {
      versions.changed(new TimeRange(start, start + cut.width()));
    }
  }

  /** The retention lets go of samples: they are hidden from here on. */
  synchronized void expired(Expiry expiry) {
    List<Expiry> expiries = new ArrayList<>(view.expiries());
    expiries.add(expiry);
    publish(
        new View(
            view.head(), view.frozen(), view.windows(), view.deletes(), expiries, view.undone()));
    versions.changed(new TimeRange(Long.MIN_VALUE, expiry.latestHorizon()));
  }

  /** An expiry has reached the files. */
  synchronized void carriedOut(Expiry expiry, List<WindowView> changed, List<Long> gone) {
    List<Expiry> expiries = new ArrayList<>(view.expiries());
    expiries.remove(expiry);
    TreeMap<Long, WindowView> windows = replaced(changed);
    gone.forEach(windows::remove);
    publish(new View(view.head(), view.frozen(), windows, view.deletes(), expiries, view.undone()));
  }

  private TreeMap<Long, WindowView> replaced(List<WindowView> changed) {
    TreeMap<Long, WindowView> windows = new TreeMap<>(view.windows());
    for (WindowView window : changed) {
      windows.put(window.start(), window);
    }
    return windows;
  }

  /** Memory of samples on their way into files. */
  long frozenBytes() {
    return view.frozenBytes();
  }

  /** Lets go of everything; nothing can be read afterwards. */
  synchronized void close() {
    publish(
        new View(
            new Head(view.head().table()),
            List.of(),
            new TreeMap<>(),
            List.of(),
            List.of(),
            Set.of()));
  }
}
