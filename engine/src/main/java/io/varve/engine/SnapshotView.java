package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.Head;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.index.SeriesIndex;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkReader;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * The {@link Snapshot} that an engine gives: a held {@link View} and what selections need of it.
 */
final class SnapshotView implements Snapshot {
  /** The labels of so many series, counted in each index, are joined to tell their values. */
  private static final int FEW_SERIES = 4_096;

  private final View view;
  private final TreeMap<Long, LateHead.Window> late;
  private final SeriesKey.Hash hash;
  private final long windowMillis;
  private final DuplicatePolicy policy;
  private final EngineCounters counters;
  private final DamageLog storeDamage;
  private final DamageLog damage = new DamageLog();
  private final MetadataBook metadata;
  private final SelectionCache selections;
  private final ReadScratch.Pool scratches;
  private final Age age;
  private final @Nullable SilentSeries silent;
  private @Nullable GroupedTables grouped;

  /** Of the view's expiries all: they come with a change of policy, and last a moment. */
  private final List<Expiry> expiries;

  private final Map<Long, RoaringBitmap> gone = new ConcurrentHashMap<>(); // by window, while any
  private final AtomicBoolean closed = new AtomicBoolean();

  /** The last change that is in a snapshot for certain, and up to where changes are counted. */
  record Age(WindowVersions versions, long version, long settledTo) {}

  SnapshotView(
      Catalog.Pinned pinned,
      SeriesKey.Hash hash,
      long windowMillis,
      DuplicatePolicy policy,
      EngineCounters counters,
      DamageLog storeDamage,
      MetadataBook metadata,
      SelectionCache selections,
      ReadScratch.Pool scratches,
      Age age,
      @Nullable SilentSeries silent) {
    this.age = age;
    this.silent = silent;
    this.scratches = scratches;
    this.view = pinned.view();
    this.expiries = view.expiries();
    this.late = pinned.late();
    this.hash = hash;
    this.windowMillis = windowMillis;
    this.policy = policy;
    this.counters = counters;
    this.storeDamage = storeDamage;
    this.metadata = metadata;
    this.selections = selections;
  }

  View view() {
    return view;
  }

  TreeMap<Long, LateHead.Window> late() {
    return late;
  }

  long windowMillis() {
    return windowMillis;
  }

  DuplicatePolicy policy() {
    return policy;
  }

  EngineCounters counters() {
    return counters;
  }

  ReadScratch.Pool scratches() {
    return scratches;
  }

  /** Remembers damage that nothing is missing for in what is read from this snapshot. */
  void storeDamage(String problem) {
    storeDamage.add(problem);
  }

  /** True if series may have samples in a range that are not in files yet. */
  boolean isOpen(String tenant, List<Matcher> matchers, TimeRange range) {
    List<HeadOverlap> heads = tables(range);
    for (int i = 0; i < heads.size(); i++) {
      HeadOverlap head = heads.get(i);
      PeekableIntIterator ids =
          head.table().index().select(tenant, matchers, () -> {}).getIntIterator();
      while (ids.hasNext()) {
        if (head.mayHold(ids.next())) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public GroupedTables grouped() {
    return grouped == null ? GroupedTables.NONE : grouped;
  }

  /** The grouped aggregates of this snapshot are these, from here on. */
  void grouped(GroupedTables tables) {
    grouped = tables;
  }

  /** Remembers damage, for this snapshot and for the store. */
  DamageLog damageLog() {
    return damage;
  }

  private void checkOpen() {
    if (closed.get()) {
      throw new IllegalStateException("the snapshot is closed");
    }
  }

  private List<WindowView> windows(TimeRange range) {
    List<WindowView> found = new ArrayList<>();
    for (WindowView window : view.shown().values()) {
      if (window.start() < range.endInclusive() && window.end() > range.startExclusive()) {
        found.add(window);
      }
    }
    return found;
  }

  /** Series of which everything is gone that a window's files have. */
  private RoaringBitmap gone(WindowView window) {
    return expiries.isEmpty()
        ? window.gone()
        : gone.computeIfAbsent(window.start(), w -> expired(window));
  }

  private RoaringBitmap expired(WindowView window) {
    RoaringBitmap ids = window.gone().clone();
    for (Expiry expiry : expiries) {
      if (window.end() <= expiry.latestHorizon()) {
        RoaringBitmap expired =
            RetentionClasses.of(window, expiry.policy(), damage).goneAt(window.end(), expiry);
        expired.andNot(window.lost()); // which went before, and of which cells are kept
        ids.or(expired);
      }
    }
    return ids;
  }

  /** The tables of heads that may have samples in the range, each once. */
  private List<HeadOverlap> tables(TimeRange range) {
    List<HeadOverlap> tables = new ArrayList<>(2);
    List<Frozen> frozen = view.frozen();
    for (int i = 0; i < frozen.size(); i++) {
      Frozen source = frozen.get(i);
      overlap(tables, source.table(), range)
          .add(
              source.head(),
              Selection.touched(source.late(), range, windowMillis),
              expiriesOf(source));
    }
    overlap(tables, view.head().table(), range)
        .add(view.head(), Selection.touched(late, range, windowMillis));
    tables.removeIf(HeadOverlap::isEmpty);
    return tables;
  }

  /** The expiries that came after samples that are on their way into files. */
  private List<Expiry> expiriesOf(Frozen source) {
    if (expiries.isEmpty() || expiries.getLast().position() < source.logTo()) {
      return List.of();
    }
    return expiries.stream().filter(e -> e.position() > source.logTo()).toList();
  }

  private static HeadOverlap overlap(List<HeadOverlap> tables, SeriesTable table, TimeRange range) {
    for (int i = 0; i < tables.size(); i++) {
      if (tables.get(i).table() == table) {
        return tables.get(i);
      }
    }
    HeadOverlap added = new HeadOverlap(table, range);
    tables.add(added);
    return added;
  }

  static boolean touches(Head head, TimeRange range) {
    return head.minTime() <= range.endInclusive() && head.maxTime() > range.startExclusive();
  }

  @Override
  public SeriesSet select(
      String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
    checkOpen();
    List<WindowView> windows = windows(range);
    List<HeadOverlap> heads = tables(range);
    JoinedSeries joined = joined(tenant, matchers, windows, heads, budget);
    Selection selection = new Selection(this, tenant, joined, windows, heads, budget);
    if (selection.size() > 0) {
      queried(tenant, matchers, selection);
    }
    return selection;
  }

  private JoinedSeries joined(
      String tenant,
      List<Matcher> matchers,
      List<WindowView> windows,
      List<HeadOverlap> heads,
      QueryBudget budget) {
    SelectionCache.Key key = SelectionCache.Key.of(tenant, matchers, windows, heads);
    boolean expires = !expiries.isEmpty();
    JoinedSeries known = expires ? null : selections.find(key);
    if (known != null && known.isUpToDate(heads)) {
      selections.hits.increment();
      budget.chargeBytes(known.charge());
      return known;
    }
    selections.misses.increment();
    JoinedSeries.Builder builder =
        known != null
            ? new JoinedSeries.Builder(known, budget)
            : new JoinedSeries.Builder(windows.size(), heads.size(), budget);
    boolean whole = known != null || search(tenant, matchers, windows, builder, budget);
    for (int i = 0; i < heads.size(); i++) {
      SeriesTable table = heads.get(i).table();
      int size = table.size();
      if (size > builder.headSize(i)) {
        builder.head(i, table, size, table.index().select(tenant, matchers, budget::check));
      }
    }
    JoinedSeries joined = builder.build();
    if (whole && !expires) {
      selections.remember(key, joined);
    }
    return joined;
  }

  /** Looks into the indexes of windows; false if one of them is damaged. */
  private boolean search(
      String tenant,
      List<Matcher> matchers,
      List<WindowView> windows,
      JoinedSeries.Builder builder,
      QueryBudget budget) {
    boolean whole = true;
    for (int i = 0; i < windows.size(); i++) {
      for (Shared<WindowView.IndexResource> resource : windows.get(i).index()) {
        IndexSegment segment = resource.get().segment();
        try {
          RoaringBitmap found = segment.select(tenant, matchers, budget::check);
          if (!expiries.isEmpty()) {
            found.andNot(gone(windows.get(i)));
          }
          builder.window(i, segment, tenant, found, hash);
        } catch (CorruptDataException e) {
          whole = false;
          damage.add(String.valueOf(e.getMessage()));
        }
      }
    }
    return whole;
  }

  private void queried(String tenant, List<Matcher> matchers, Selection selection) {
    if (!queried(tenant, matchers)) {
      selection.eachMetric(metric -> metadata.queried(tenant, metric));
    }
  }

  /** Remembers that a metric is asked for; false if it is not told which. */
  boolean queried(String tenant, List<Matcher> matchers) {
    for (Matcher matcher : matchers) {
      if (matcher.name().equals("__name__") && matcher.type() == Matcher.Type.EQ) {
        metadata.queried(tenant, matcher.value());
        return true;
      }
    }
    return false;
  }

  private interface IndexVisitor {
    void visit(SeriesIndex index, @Nullable RoaringBitmap within);
  }

  private void eachIndex(
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      QueryBudget budget,
      IndexVisitor visitor) {
    checkOpen();
    for (WindowView window : windows(range)) {
      WindowOverlap overlap = new WindowOverlap(window, gone(window), range, budget, damage);
      for (Shared<WindowView.IndexResource> resource : window.index()) {
        IndexSegment segment = resource.get().segment();
        guarded(
            () -> {
              if (matchers.isEmpty() && gone(window).isEmpty()) {
                visitor.visit(segment, null);
                return;
              }
              if (matchers.isEmpty()) {
                RoaringBitmap all = segment.select(tenant, matchers, budget::check);
                all.andNot(gone(window));
                visitor.visit(segment, all);
                return;
              }
              RoaringBitmap within = overlap.of(segment.select(tenant, matchers, budget::check));
              if (!within.isEmpty()) {
                visitor.visit(segment, within);
              }
            });
      }
    }
    for (HeadOverlap overlap : tables(range)) {
      SeriesIndex index = overlap.table().index();
      if (matchers.isEmpty()) {
        // As in Prometheus: without matchers, labels are told of whole indexes, whatever the range.
        visitor.visit(index, within(overlap.table(), tenant, budget));
        continue;
      }
      RoaringBitmap within = new RoaringBitmap();
      index
          .select(tenant, matchers, budget::check)
          .forEach(
              (int id) -> {
                if (overlap.mayHold(id)) {
                  within.add(id);
                }
              });
      if (!within.isEmpty()) {
        visitor.visit(index, within);
      }
    }
  }

  /** Series of a head table that the retention has left something of; null for all. */
  private @Nullable RoaringBitmap within(SeriesTable table, String tenant, QueryBudget budget) {
    SilentSeries known = silent;
    if (known == null || known.table() != table || known.ids().isEmpty()) {
      return null;
    }
    HeadOverlap samples = new HeadOverlap(table, TimeRange.ALL);
    for (HeadOverlap overlap : tables(TimeRange.ALL)) {
      if (overlap.table() == table) {
        samples = overlap;
      }
    }
    RoaringBitmap all = table.index().select(tenant, List.of(), budget::check);
    all.andNot(known.without(samples));
    return all;
  }

  /** Does something with a file; damage in it is remembered, and the rest goes on. */
  private void guarded(Runnable action) {
    try {
      action.run();
    } catch (CorruptDataException e) {
      damage.add(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public List<String> labelNames(
      String tenant, List<Matcher> matchers, TimeRange range, int limit, QueryBudget budget) {
    SortedTexts names = new SortedTexts(budget);
    eachIndex(
        tenant,
        matchers,
        range,
        budget,
        (index, within) -> index.labelNames(tenant, within, names));
    return names.first(limit);
  }

  @Override
  public List<String> labelValues(
      String tenant,
      String name,
      List<Matcher> matchers,
      TimeRange range,
      int limit,
      QueryBudget budget) {
    SortedTexts values = new SortedTexts(budget);
    if (matchers.isEmpty() || !valuesOfFew(tenant, name, matchers, range, values, budget)) {
      eachIndex(
          tenant,
          matchers,
          range,
          budget,
          (index, within) -> index.labelValues(tenant, name, within, values));
    }
    return values.first(limit);
  }

  /** Takes the values from the labels of the series if these are known or few; else says false. */
  private boolean valuesOfFew(
      String tenant,
      String name,
      List<Matcher> matchers,
      TimeRange range,
      SortedTexts values,
      QueryBudget budget) {
    checkOpen();
    List<WindowView> windows = windows(range);
    List<HeadOverlap> heads = tables(range);
    JoinedSeries known =
        expiries.isEmpty()
            ? selections.find(SelectionCache.Key.of(tenant, matchers, windows, heads))
            : null;
    if (known == null
        ? !areFew(tenant, matchers, windows, heads, budget)
        : known.size() > FEW_SERIES) {
      return false;
    }
    JoinedSeries joined = joined(tenant, matchers, windows, heads, budget);
    List<WindowOverlap> overlaps = new ArrayList<>(windows.size());
    for (WindowView window : windows) {
      overlaps.add(new WindowOverlap(window, gone(window), range, budget, damage));
    }
    JoinedSeries.Column column = joined.column(name, budget);
    BitSet seen = new BitSet();
    int left = column.values().size();
    for (int series = 0; series < joined.size() && left > 0; series++) {
      int number = column.numbers()[series];
      if (number >= 0 && !seen.get(number) && Selection.mayHold(joined, overlaps, heads, series)) {
        seen.set(number);
        left--;
      }
    }
    for (int number = seen.nextSetBit(0); number >= 0; number = seen.nextSetBit(number + 1)) {
      values.accept(column.values().get(number));
    }
    return true;
  }

  private boolean areFew(
      String tenant,
      List<Matcher> matchers,
      List<WindowView> windows,
      List<HeadOverlap> heads,
      QueryBudget budget) {
    if (!selections.isOn()) {
      return false;
    }
    long series = 0;
    try {
      for (WindowView window : windows) {
        for (Shared<WindowView.IndexResource> resource : window.index()) {
          SeriesIndex index = resource.get().segment();
          series += index.select(tenant, matchers, budget::check).getLongCardinality();
          if (series > FEW_SERIES) {
            return false;
          }
        }
      }
    } catch (CorruptDataException e) {
      return false; // whoever reads what is whole reports it
    }
    for (HeadOverlap head : heads) {
      SeriesIndex index = head.table().index();
      series += index.select(tenant, matchers, budget::check).getLongCardinality();
      if (series > FEW_SERIES) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void eachLabelName(
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      QueryBudget budget,
      Consumer<String> out) {
    eachIndex(
        tenant, matchers, range, budget, (index, within) -> index.labelNames(tenant, within, out));
  }

  @Override
  public void eachLabelValue(
      String tenant,
      String name,
      List<Matcher> matchers,
      TimeRange range,
      QueryBudget budget,
      Consumer<String> out) {
    eachIndex(
        tenant,
        matchers,
        range,
        budget,
        (index, within) -> index.labelValues(tenant, name, within, out));
  }

  @Override
  public Map<Labels, List<Exemplar>> exemplars(
      String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
    checkOpen();
    Map<Labels, List<Exemplar>> found = new TreeMap<>();
    for (WindowView window : windows(range)) {
      Map<Integer, Labels> series = new TreeMap<>();
      for (Shared<WindowView.IndexResource> resource : window.index()) {
        IndexSegment segment = resource.get().segment();
        guarded(
            () -> {
              RoaringBitmap ids = segment.select(tenant, matchers, budget::check);
              ids.andNot(gone(window));
              ids.forEach(
                  (int id) -> {
                    series.put(id, segment.labels(id));
                  });
            });
      }
      if (series.isEmpty()) {
        continue;
      }
      for (Shared<ChunkReader> chunk : window.chunks()) {
        long logTo = chunk.get().file().info().logTo();
        guarded(
            () ->
                chunk
                    .get()
                    .exemplars(
                        series::containsKey,
                        range,
                        (id, time, value, labels, offset, length) -> {
                          Labels of = series.get(id);
                          if (of != null
                              && !window.tombstones().deleted(id, time, logTo)
                              && !isDeleted(tenant, of, time, logTo)) {
                            addExemplar(
                                found,
                                of,
                                new Exemplar(
                                    time, value, Labels.fromCanonical(labels, offset, length)),
                                budget);
                          }
                        }));
      }
    }
    for (Frozen frozen : view.frozen()) {
      headExemplars(tenant, matchers, range, frozen.head(), frozen.logTo(), found, budget);
    }
    headExemplars(tenant, matchers, range, view.head(), Long.MAX_VALUE, found, budget);
    found.values().forEach(list -> list.sort(Comparator.comparingLong(Exemplar::time)));
    return found;
  }

  private void headExemplars(
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      Head head,
      long logTo,
      Map<Labels, List<Exemplar>> found,
      QueryBudget budget) {
    List<Head.HeadExemplar> all = head.exemplars();
    if (all.isEmpty()) {
      return;
    }
    RoaringBitmap ids = head.table().index().select(tenant, matchers, budget::check);
    for (Head.HeadExemplar exemplar : all) {
      if (!range.contains(exemplar.time()) || !ids.contains(exemplar.series())) {
        continue;
      }
      Labels labels = head.table().labels(exemplar.series());
      if (!isDeleted(tenant, labels, exemplar.time(), logTo)) {
        addExemplar(
            found,
            labels,
            new Exemplar(
                exemplar.time(),
                Double.longBitsToDouble(exemplar.bits()),
                Labels.fromCanonical(exemplar.labels(), 0, exemplar.labels().length)),
            budget);
      }
    }
  }

  /** True if a delete or expiry that has not reached the files hides something of a source. */
  private boolean isDeleted(String tenant, Labels series, long time, long sourceLogTo) {
    for (Delete delete : view.deletes()) {
      if (delete.position() > sourceLogTo
          && delete.range().contains(time)
          && delete.concerns(tenant, series)) {
        return true;
      }
    }
    for (Expiry expiry : expiries) {
      if (expiry.position() > sourceLogTo && expiry.of(tenant, series).range().contains(time)) {
        return true;
      }
    }
    return false;
  }

  private static void addExemplar(
      Map<Labels, List<Exemplar>> found, Labels series, Exemplar exemplar, QueryBudget budget) {
    budget.chargeBytes(100);
    List<Exemplar> list = found.computeIfAbsent(series, key -> new ArrayList<>());
    if (!list.contains(exemplar)) {
      list.add(exemplar);
    }
  }

  @Override
  public Map<String, Metadata> metadata(String tenant) {
    return metadata.of(tenant);
  }

  @Override
  public long version() {
    return age.version();
  }

  @Override
  public long settledTo() {
    return age.settledTo();
  }

  @Override
  public long lastChange(TimeRange range) {
    return age.versions().lastChange(range);
  }

  @Override
  public List<String> damage() {
    return damage.all();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      damage.all().forEach(storeDamage::add);
      view.release();
    }
  }
}
