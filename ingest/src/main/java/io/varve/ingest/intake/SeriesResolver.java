package io.varve.ingest.intake;

import io.varve.engine.SeriesLookup;
import io.varve.engine.model.WriteBatch;
import java.util.Arrays;

/**
 * Recognises the series of one request by their label bytes and adds them to its batch.
 *
 * <p>A sender repeats its series in the same order every few seconds, in the bytes that the head
 * keeps as canonical. So the cheapest question comes first, and each answers what is left of the
 * one before:
 *
 * <ol>
 *   <li>Is it the series that followed the last time ({@link ScrapeOrder})? Its length is known, so
 *       this compares bytes before a single label is parsed. 99.8 % of a fleet's series end here.
 *   <li>Is it the id after the last one? New series get their ids in the order of the request.
 *   <li>Does the hash of the bytes find it ({@link SeriesLookup#find})?
 *   <li>Is it a known spelling of a known series ({@link AliasCache})?
 *   <li>Only then are labels parsed, checked and sorted, by the caller, who comes back with
 *       canonical bytes.
 * </ol>
 *
 * A series that is known never becomes an object. All ids in a batch are of the generation that was
 * read first; when the head renumbers in between, the append says so and {@link #resolveAgain}
 * looks every series up once more. Not thread-safe; reused.
 */
public final class SeriesResolver {
  private static final byte LABEL_TAG = 0x0A;

  private final SeriesLookup lookup;
  private final ScrapeOrder order;
  private final AliasCache aliases;
  private final WriteBatch batch;
  private int tenant;
  private int last = WriteBatch.UNKNOWN;
  private int predicted;
  private boolean aliasing;
  private long guessed;
  private long hashed;
  private long aliased;
  private long rewritten;
  private long unknown;

  SeriesResolver(SeriesLookup lookup, ScrapeOrder order, AliasCache aliases, WriteBatch batch) {
    this.lookup = lookup;
    this.order = order;
    this.aliases = aliases;
    this.batch = batch;
  }

  void begin(String tenantName) {
    batch.generation = lookup.generation(); // before any id is asked for
    batch.tenant = tenantName;
    tenant = lookup.tenantId(tenantName);
    last = WriteBatch.UNKNOWN;
    aliasing = false;
    guessed = 0;
    hashed = 0;
    aliased = 0;
    rewritten = 0;
    unknown = 0;
  }

  /**
   * The length of the label fields that begin at {@code offset} if they are exactly those of the
   * series that is expected next, else 0. {@code end} is where the message ends; what follows the
   * labels must not be one more.
   */
  public int predictedLength(byte[] bytes, int offset, int end) {
    long guess = order.after(last);
    int length = (int) guess;
    if (length <= 0
        || length > end - offset
        || (length < end - offset && bytes[offset + length] == LABEL_TAG)) {
      return 0;
    }
    int id = (int) (guess >>> 32);
    if (!lookup.is(id, tenant, bytes, offset, length)) {
      return 0;
    }
    predicted = id;
    return length;
  }

  /** Adds the series that {@link #predictedLength} has just confirmed; returns its row. */
  public int addPredicted(byte[] bytes, int offset, int length) {
    guessed++;
    last = predicted;
    return batch.addSeries(predicted, bytes, offset, length);
  }

  /** Adds the series of these label bytes if it is known; returns its row, or −1. */
  public int addKnown(byte[] bytes, int offset, int length) {
    int expected = last + 1;
    if (last >= 0 && lookup.is(expected, tenant, bytes, offset, length)) {
      guessed++;
      return addFound(expected, bytes, offset, length);
    }
    if (aliasing) {
      // One sender spells all its series alike: its own spelling first.
      int row = addAlias(bytes, offset, length);
      if (row >= 0) {
        return row;
      }
    }
    int id = lookup.find(tenant, bytes, offset, length);
    if (id >= 0) {
      hashed++;
      aliasing = false;
      return addFound(id, bytes, offset, length);
    }
    return aliasing ? -1 : addAlias(bytes, offset, length);
  }

  private int addFound(int id, byte[] bytes, int offset, int length) {
    order.remember(last, id, length);
    last = id;
    return batch.addSeries(id, bytes, offset, length);
  }

  private int addAlias(byte[] bytes, int offset, int length) {
    if (aliases.isEmptyFor(batch.generation)) {
      return -1;
    }
    long hash = AliasCache.hash(bytes, offset, length);
    AliasCache.Entry entry = aliases.find(batch.generation, tenant, hash, bytes, offset, length);
    if (entry == null) {
      return -1;
    }
    aliased++;
    aliasing = true;
    last = entry.id();
    return batch.addSeries(entry.id(), entry.canonical(), 0, entry.canonical().length);
  }

  /**
   * Adds a series that {@link #addKnown} does not know, by bytes that were checked and are
   * canonical as they stand. They must stay in place until the batch was appended.
   */
  public int addNew(byte[] canonical, int offset, int length) {
    unknown++;
    last = WriteBatch.UNKNOWN;
    aliasing = false;
    return batch.addSeries(WriteBatch.UNKNOWN, canonical, offset, length);
  }

  /**
   * Adds a series whose bytes had to be brought into canonical form, known or not. The canonical
   * bytes must stay in place until the batch was appended.
   */
  public int addRewritten(byte[] canonical, int offset, int length) {
    rewritten++;
    int id = lookup.find(tenant, canonical, offset, length);
    if (id < 0) {
      return addNew(canonical, offset, length);
    }
    last = id;
    return batch.addSeries(id, canonical, offset, length);
  }

  /** Remembers that a sender spells the series of {@code row} with these bytes. */
  public void rememberAlias(int row, byte[] wire, int offset, int length) {
    int id = batch.seriesId[row];
    if (id < 0 || lookup.generation() != batch.generation) {
      return;
    }
    aliasing = true;
    int from = batch.labelOffset[row];
    aliases.put(
        batch.generation,
        new AliasCache.Entry(
            AliasCache.hash(wire, offset, length),
            tenant,
            Arrays.copyOfRange(wire, offset, offset + length),
            Arrays.copyOfRange(batch.labelArray[row], from, from + batch.labelLength[row]),
            id));
  }

  /** Looks every series of the batch up again, because the head has renumbered its series. */
  public void resolveAgain() {
    batch.generation = lookup.generation();
    tenant = lookup.tenantId(batch.tenant);
    for (int row = 0; row < batch.seriesCount; row++) {
      batch.seriesId[row] =
          lookup.find(
              tenant, batch.labelArray[row], batch.labelOffset[row], batch.labelLength[row]);
    }
  }

  /** Series of the request that were recognised by comparing bytes with a guess. */
  public long guessed() {
    return guessed;
  }

  /** Series that were found by the hash of their bytes. */
  public long hashed() {
    return hashed;
  }

  /** Series that were found by a sender's own spelling. */
  public long aliased() {
    return aliased;
  }

  /** Series whose labels had to be brought into canonical form. */
  public long rewritten() {
    return rewritten;
  }

  /** Series that the head did not know. */
  public long unknown() {
    return unknown;
  }
}
