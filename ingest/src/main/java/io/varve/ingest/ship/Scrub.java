package io.varve.ingest.ship;

import io.varve.engine.ReadPace;
import io.varve.engine.Repairs;
import io.varve.engine.Replica;
import io.varve.engine.StoreListing;
import io.varve.engine.format.CorruptDataException;
import io.varve.ingest.cluster.Unreached;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks after the files of a shard's replica. It reads them, slowly, and compares them with what
 * they were when they were written; what is damaged or missing comes anew from another replica and
 * is proven before it takes its place. It compares the replica with the others: where those have
 * other files, the leader is right, and a follower takes the whole store from it (files that are
 * alike stay).
 *
 * <p>It takes turns when it is called ({@link #turn}), or has a thread for that ({@link #start}).
 * {@link #verify} may be called beside it, {@link #status} by any thread.
 */
public final class Scrub implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Scrub.class.getName());
  private static final long IDLE_MILLIS = 1_000;
  private static final int MOST_PROBLEMS = 1_000;

  /** A file that could not be put right is tried again after so many looks. */
  private static final long RETRY_LOOKS = 6;

  private final ShardFiles shard;
  private final ShipClient client;
  private final ScrubSettings settings;
  private final LongSupplier nanos;
  private final Throttle pace;

  private final AtomicLong filesRead = new AtomicLong();
  private final AtomicLong bytesRead = new AtomicLong();
  private final AtomicLong damaged = new AtomicLong();
  private final AtomicLong repaired = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong differences = new AtomicLong();
  private final AtomicLong reinstalls = new AtomicLong();
  private final AtomicLong passes = new AtomicLong();
  private volatile @Nullable ScrubReport lastPass;

  /** Files that could not be put right, and when to try again. */
  private final Map<String, Long> retryAt = new ConcurrentHashMap<>();

  private final ReentrantLock repairing = new ReentrantLock();

  private @Nullable Pass pass;
  private long nextLook;
  private long nextPass;
  private @Nullable Thread thread;
  private volatile boolean closed;

  /** A round through all files. */
  private static final class Pass {
    final List<Repairs.StoredFile> files;
    final Findings findings = new Findings();
    int next;

    Pass(List<Repairs.StoredFile> files) {
      this.files = files;
    }
  }

  /** What a round has found so far. */
  private static final class Findings {
    long files;
    long bytes;
    long damaged;
    long repaired;
    long differences;
    int compared;
    final List<String> problems = new ArrayList<>();

    void problem(String text) {
      if (problems.size() < MOST_PROBLEMS) {
        problems.add(text);
      }
    }

    ScrubReport report() {
      return new ScrubReport(files, bytes, damaged, repaired, compared, differences, problems);
    }
  }

  /** A scrub that does nothing yet. */
  public Scrub(ShardFiles shard, ShipClient client, ScrubSettings settings) {
    this(shard, client, settings, System::nanoTime);
  }

  /** The same with another clock, in nanoseconds. */
  public Scrub(ShardFiles shard, ShipClient client, ScrubSettings settings, LongSupplier nanos) {
    this.shard = shard;
    this.client = client;
    this.settings = settings;
    this.nanos = nanos;
    this.pace = new Throttle(settings.bytesPerSecond());
    this.nextLook = nanos.getAsLong();
    this.nextPass = nextLook;
  }

  /** Takes turns in a thread of its own from now on, until it is closed. */
  public synchronized void start() {
    if (thread != null) {
      throw new IllegalStateException("it has been started already");
    }
    thread = Thread.ofPlatform().name("varve-scrub-" + shard.number()).daemon().start(this::turns);
  }

  private void turns() {
    while (!closed) {
      try {
        if (!turn()) {
          Thread.sleep(IDLE_MILLIS);
        }
      } catch (InterruptedException | InterruptedIOException e) {
        return; // close() asks so
      } catch (IOException | RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "scrubbing goes on after " + e, e);
        try {
          Thread.sleep(IDLE_MILLIS);
        } catch (InterruptedException end) {
          return;
        }
      }
    }
  }

  /** How it stands. */
  public ScrubStatus status() {
    return new ScrubStatus(
        filesRead.get(),
        bytesRead.get(),
        damaged.get(),
        repaired.get(),
        failed.get(),
        differences.get(),
        reinstalls.get(),
        passes.get(),
        lastPass);
  }

  /**
   * Does what is next: sees to damage that was met, or proves one more file, or compares. One
   * thread at a time.
   *
   * @return false if there is nothing to do for now
   */
  public boolean turn() throws IOException {
    ShardFiles.Open open = shard.open();
    if (open == null) {
      pass = null; // another store may be there when it is open again
      return false;
    }
    long now = nanos.getAsLong();
    if (now - nextLook >= 0) {
      nextLook = now + settings.look().toNanos();
      look(open);
      return true;
    }
    if (settings.bytesPerSecond() == 0) {
      return false;
    }
    Pass current = pass;
    if (current == null) {
      if (now - nextPass < 0) {
        return false;
      }
      nextPass = now + settings.pass().toNanos();
      current = new Pass(open.repairs().files());
      pass = current;
    }
    if (current.next < current.files.size()) {
      check(open, current.files.get(current.next++), current.findings, this::slowly, true);
      return true;
    }
    compare(open, current.findings, true);
    lastPass = current.findings.report();
    passes.incrementAndGet();
    pass = null;
    return true;
  }

  /** Sees to damage that a reader has met, and to what the leader's word says. */
  private void look(ShardFiles.Open open) throws IOException {
    Findings findings = new Findings();
    for (Repairs.StoredFile file : open.repairs().suspects()) {
      Long retry = retryAt.get(file.path());
      if (retry == null || nanos.getAsLong() - retry >= 0) {
        check(open, file, findings, this::slowly, true);
      }
    }
    Replica replica = open.replica();
    URI leader = shard.leader();
    if (replica != null && leader != null && !replica.differingFiles().isEmpty()) {
      settle(open, replica, leader, findings);
    }
  }

  /** Files of which the leader said that it has others: where that still holds, it is right. */
  private void settle(ShardFiles.Open open, Replica replica, URI leader, Findings findings) {
    try {
      StoreListing here = open.shipping().peek();
      StoreListing there = client.peek(leader, shard.number());
      SortedMap<String, StoreListing.Difference> found = here.differences(there);
      Map<String, String> ours = hashes(here);
      Map<String, String> tours = hashes(there);
      for (String path : replica.differingFiles().keySet()) {
        // Equal by now, or merged away by both. What only one of them has yet, time will tell.
        if (Objects.equals(ours.get(path), tours.get(path))) {
          replica.settled(path);
        }
      }
      differing(found, leader, findings, true);
    } catch (IOException | CorruptDataException e) {
      LOG.log(
          System.Logger.Level.INFO, "the leader's files cannot be compared: " + Unreached.text(e));
    }
  }

  private static Map<String, String> hashes(StoreListing listing) {
    Map<String, String> hashes = new HashMap<>();
    listing.files().forEach(file -> hashes.put(file.path(), file.sha256()));
    return hashes;
  }

  /**
   * Reads all files now and compares with all other replicas.
   *
   * @param repair what is damaged is put right
   * @param progress is told the path of each file before it is read
   * @throws IOException if the store is closed, or this is interrupted
   */
  public ScrubReport verify(boolean repair, Consumer<String> progress) throws IOException {
    ShardFiles.Open open = shard.open();
    if (open == null) {
      throw new IOException("the store of shard " + shard.number() + " is not open");
    }
    Findings findings = new Findings();
    for (Repairs.StoredFile file : open.repairs().files()) {
      progress.accept(file.path());
      check(open, file, findings, this::fast, repair);
    }
    compare(open, findings, repair);
    return findings.report();
  }

  private void fast(int bytes) throws InterruptedIOException {
    bytesRead.addAndGet(bytes);
    if (closed || Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("the scrub ends");
    }
  }

  private void slowly(int bytes) throws InterruptedIOException {
    fast(bytes);
    try {
      pace.take(bytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the scrub ends");
    }
  }

  private void check(
      ShardFiles.Open open,
      Repairs.StoredFile file,
      Findings findings,
      ReadPace reading,
      boolean repair)
      throws IOException {
    long before = bytesRead.get();
    Repairs.State state = open.repairs().prove(file, reading);
    findings.files++;
    findings.bytes += file.bytes() < 0 ? bytesRead.get() - before : file.bytes();
    filesRead.incrementAndGet();
    switch (state) {
      case WHOLE, GONE -> retryAt.remove(file.path());
      case DAMAGED, MISSING -> {
        String problem =
            file.path() + (state == Repairs.State.MISSING ? " is missing" : " is damaged");
        findings.damaged++;
        damaged.incrementAndGet();
        LOG.log(System.Logger.Level.WARNING, problem);
        String failure = repair ? repair(open, file) : "it is not put right now";
        if (failure == null) {
          findings.repaired++;
          repaired.incrementAndGet();
          retryAt.remove(file.path());
        } else {
          findings.problem(problem + ": " + failure);
        }
      }
    }
  }

  /** Puts a file right; says why if that fails. */
  private @Nullable String repair(ShardFiles.Open open, Repairs.StoredFile file)
      throws InterruptedIOException {
    List<URI> nodes = leaderFirst();
    String failure;
    repairing.lock();
    try {
      if (fetch(open, file, nodes) || open.repairs().remake(file)) {
        return null;
      } else if (nodes.isEmpty()) {
        failure = "there is no other replica";
      } else {
        failure = "no other replica has it";
        takeOver(open, file, nodes);
      }
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException | CorruptDataException e) {
      failure = String.valueOf(e.getMessage());
    } finally {
      repairing.unlock();
    }
    failed.incrementAndGet();
    LOG.log(System.Logger.Level.WARNING, file.path() + " is not put right: " + failure);
    retryAt.put(file.path(), nanos.getAsLong() + RETRY_LOOKS * settings.look().toNanos());
    return failure;
  }

  private List<URI> leaderFirst() {
    List<URI> nodes = new ArrayList<>(shard.others());
    URI leader = shard.leader();
    if (leader != null && nodes.remove(leader)) {
      nodes.addFirst(leader);
    }
    return nodes;
  }

  /** Pulls a file and puts it in place; false if no node has it. */
  private boolean fetch(ShardFiles.Open open, Repairs.StoredFile file, List<URI> nodes)
      throws IOException {
    String sha256 = file.sha256();
    if (nodes.isEmpty()) {
      return false;
    }
    if (sha256 != null) {
      StoreListing.Entry wanted = new StoreListing.Entry(file.path(), file.bytes(), sha256);
      return fetch(open, file, wanted, nodes);
    }
    for (URI node : nodes) {
      StoreListing listing = client.listing(node, shard.number());
      try {
        for (StoreListing.Entry wanted : listing.files()) {
          if (wanted.path().equals(file.path())) {
            return fetch(open, file, wanted, List.of(node));
          }
        }
      } finally {
        release(node, listing);
      }
    }
    return false;
  }

  private void release(URI node, StoreListing listing) {
    try {
      client.release(node, shard.number(), listing.id());
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a hold that will end by itself", e);
    }
  }

  private boolean fetch(
      ShardFiles.Open open, Repairs.StoredFile file, StoreListing.Entry wanted, List<URI> nodes)
      throws IOException {
    FilePull pull = new FilePull(client, shard.number(), nodes, new PullProgress(), () -> fast(0));
    try {
      pull.pull(wanted, open.repairs().pulled());
    } catch (ShipClient.NotThereException e) {
      return false;
    }
    boolean replaced = open.repairs().replace(file, wanted);
    open.repairs().clear();
    if (!replaced) {
      throw new IOException("the store has changed meanwhile");
    }
    return true;
  }

  /**
   * No replica has the file any more, because all others have merged it away, which this one could
   * not: it cannot follow any more file by file.
   */
  private void takeOver(ShardFiles.Open open, Repairs.StoredFile file, List<URI> nodes)
      throws IOException {
    if (open.repairs().files().contains(file)) {
      for (URI node : nodes) {
        if (client.peek(node, shard.number()).flushedTo() >= open.shipping().flushedTo()) {
          reinstall(node, file.path() + " is damaged, and the others have it no more");
          return;
        }
      }
    }
  }

  private void reinstall(URI from, String why) {
    reinstalls.incrementAndGet();
    LOG.log(System.Logger.Level.WARNING, "the store is taken from " + from + ": " + why);
    shard.reinstall(from, why);
  }

  private void compare(ShardFiles.Open open, Findings findings, boolean repair)
      throws InterruptedIOException {
    StoreListing here;
    try {
      here = open.shipping().peek();
    } catch (IOException e) {
      findings.problem("the files here cannot be listed: " + e.getMessage());
      return;
    }
    URI leader = shard.leader();
    for (URI node : leaderFirst()) {
      fast(0);
      try {
        StoreListing there = client.peek(node, shard.number());
        findings.compared++;
        differing(here.differences(there), node, findings, repair && node.equals(leader));
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException | CorruptDataException e) {
        findings.problem(node + " cannot be compared: " + Unreached.text(e));
      }
    }
  }

  private void differing(
      SortedMap<String, StoreListing.Difference> found,
      URI node,
      Findings findings,
      boolean takeItsFiles) {
    if (found.isEmpty()) {
      return;
    }
    findings.differences += found.size();
    differences.addAndGet(found.size());
    found.forEach(
        (path, difference) ->
            findings.problem(
                path
                    + switch (difference) {
                      case OTHER_BYTES -> ": other bytes than at ";
                      case ONLY_HERE -> ": is here and not at ";
                      case ONLY_THERE -> ": is not here and is at ";
                    }
                    + node));
    if (takeItsFiles) {
      reinstall(node, found.size() + " files differ, the first is " + found.firstKey());
    }
  }

  /** Ends the thread; what is being read or pulled is broken off. */
  @Override
  public void close() {
    closed = true;
    Thread running;
    synchronized (this) {
      running = thread;
    }
    if (running != null) {
      running.interrupt();
      boolean interrupted = false;
      while (running.isAlive()) {
        try {
          running.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
