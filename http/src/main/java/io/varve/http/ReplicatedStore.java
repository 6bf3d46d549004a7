package io.varve.http;

import io.varve.engine.Engine;
import io.varve.engine.LogSource;
import io.varve.engine.RecoveryProgress;
import io.varve.engine.Replica;
import io.varve.engine.StoreInstall;
import io.varve.engine.StoreListing;
import io.varve.engine.UnknownLevelException;
import io.varve.engine.log.ShardLog;
import io.varve.http.config.ServerConfig;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.raft.LogFollower;
import io.varve.ingest.cluster.raft.RaftShard;
import io.varve.ingest.cluster.raft.ShardOwner;
import io.varve.ingest.ship.PullProgress;
import io.varve.ingest.ship.StorePull;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The store of one shard at a node of a cluster. It stands on the shard's replicated log, which
 * asks for it to be opened anew when it holds what did not become part of the log, and for another
 * node's in its place when the log does not reach back to it.
 *
 * <p>One thread opens, closes and changes it; what the log asks for is handed to that thread.
 */
final class ReplicatedStore implements StoreKeeper, ShardOwner {
  private static final System.Logger LOG = System.getLogger(ReplicatedStore.class.getName());
  private static final long TICK_MILLIS = 1_000;
  private static final int REPAIR_BITS = 32;
  private static final long CLOSE_MILLIS = 60_000;

  /** Longer than it takes until damage is looked at and one file has come. */
  private static final long REPAIR_NANOS = TimeUnit.SECONDS.toNanos(15);

  private final ServerConfig config;
  private final LogSource.Identity identity;
  private final Pulling pulling;
  private final AggregatesReload aggregates;
  private final Companions companions;
  private final InstantSource clock;
  private final ScheduledExecutorService keeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("varve-replica").daemon().factory());

  private volatile CompletableFuture<RaftShard> shard = new CompletableFuture<>();
  private volatile @Nullable OpenStore opened;
  private volatile @Nullable StorePull pull;
  private volatile @Nullable ReplicaState hindrance;
  private volatile @Nullable SharedSettings shared;
  private final AtomicLong openings = new AtomicLong();
  private volatile boolean withdrawn;
  private volatile boolean closing;

  // Of the keeper's thread.
  private SortedMap<String, String> declared = new TreeMap<>();
  private boolean leads;
  private long wholeNanos;

  /** Where another node's store comes from. */
  interface Pulling {
    /**
     * A pull whose listing comes from a node.
     *
     * @param node null for any but this one
     */
    Source from(@Nullable String node, StoreInstall into);
  }

  /** A node that gives its store. */
  interface Source {
    /** The pull. */
    StorePull pull();

    /** A place in the log, as that node knows it. */
    LogPosition position(long index) throws IOException;
  }

  ReplicatedStore(
      ServerConfig config,
      LogSource.Identity identity,
      Pulling pulling,
      AggregatesReload aggregates,
      Companions companions,
      InstantSource clock) {
    this.config = config;
    this.identity = identity;
    this.pulling = pulling;
    this.aggregates = aggregates;
    this.companions = companions;
    this.clock = clock;
  }

  /** What is in common is put into force when there is a store, and when it changes. */
  void share(SharedSettings settings) {
    shared = settings;
  }

  private void look() {
    SharedSettings settings = shared;
    if (settings != null) {
      settings.look();
    }
  }

  /** The log is there; it has begun to ask for what it needs. */
  void standOn(RaftShard log) {
    shard.complete(log);
  }

  /** The log has stopped: the store is closed before this returns, and stays so. */
  void withdraw(ReplicaState why) {
    withdrawn = true;
    cancelPull();
    CompletableFuture<Void> done = new CompletableFuture<>();
    later(
        () -> {
          try {
            end(why);
          } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the store was not closed in order", e);
          } finally {
            done.complete(null);
          }
        });
    if (!keeper.isShutdown()) {
      done.join();
    }
  }

  private void cancelPull() {
    StorePull coming = pull;
    if (coming != null) {
      coming.cancel();
    }
  }

  /** A log is to be started again, and will ask for what it needs, before {@link #standOn}. */
  void expectLog() {
    shard = new CompletableFuture<>();
    withdrawn = false;
  }

  /** It was not started after all. */
  void expectNoLog() {
    withdrawn = true;
    shard.completeExceptionally(new IOException("the log of this node is stopped"));
  }

  /** The log is there again: the store is, too, soon. */
  void comeBack() {
    later(() -> reopen(new ReplicaState.Reopening()));
  }

  @Override
  public String open(RecoveryProgress progress) throws IOException {
    CompletableFuture<String> done = new CompletableFuture<>();
    keeper.execute(
        () -> {
          try {
            done.complete(openAnew(progress));
          } catch (IOException | RuntimeException | Error e) {
            done.completeExceptionally(e);
          }
        });
    var _ =
        keeper.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    try {
      return done.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException runtime -> throw runtime;
        case null, default -> throw e;
      }
    }
  }

  private String openAnew(RecoveryProgress progress) throws IOException {
    Engine engine =
        Engine.openReplica(
            config.engine().withStoredRetention(), // what is in common holds
            progress,
            new LogSource() {
              @Override
              public Identity identity() {
                return identity;
              }

              @Override
              public ShardLog open(long savedTo) throws IOException {
                return log().openLog(savedTo);
              }
            });
    String recovery = engine.stats().recovery();
    OpenStore now = OpenStore.around(engine, config, aggregates, clock);
    declared = engine.declaredAggregates();
    String lost = lostOfHead(engine.stats().damage());
    // Not to be read before the log behind what it has saved is applied.
    hindrance = new ReplicaState.Reopening();
    wholeNanos = System.nanoTime();
    openings.incrementAndGet();
    opened = now;
    companions.opened(now);
    try {
      if (lost != null) {
        throw new IOException(lost);
      }
      log().attach(new Follower(engine.replica()));
      hindrance = null;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, e.getMessage() + ": another node's store is pulled");
      later(this::replace);
    }
    return recovery;
  }

  /**
   * A leader whose files stay damaged lets another one lead: as a follower it can take the leader's
   * store, and nodes that come back find a leader whose files are whole.
   */
  private void leaveLeadIfDamaged(Engine engine) {
    long now = System.nanoTime();
    if (!engine.isDamaged()) {
      wholeNanos = now;
    } else if (leads && now - wholeNanos > REPAIR_NANOS) {
      wholeNanos = now; // once more later, if it comes to nothing
      RaftShard log = shard.join();
      String next = log.successor();
      if (next == null) {
        return;
      }
      LOG.log(
          System.Logger.Level.WARNING,
          "files of this node stay damaged: node " + next + " is to lead");
      try {
        log.transfer(next);
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, e.getMessage());
      }
    }
  }

  /**
   * Damage to the saved head, null if there is none. What it held is not in the log any more, so
   * this replica must neither answer nor follow, let alone lead, before it has another one's.
   */
  private static @Nullable String lostOfHead(List<String> damage) {
    return damage.stream().filter(text -> text.contains("checkpoint/")).findAny().orElse(null);
  }

  /** The log, waited for until it is started. */
  private RaftShard log() throws IOException {
    try {
      return shard.join();
    } catch (CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(cause.getMessage(), e);
    }
  }

  /** Puts another node's store in place of what is here and of no use. */
  private void replace() {
    if (closing || withdrawn) {
      return;
    }
    try {
      var _ = pullFrom(log().leader());
    } catch (UnknownLevelException e) {
      reopen(new ReplicaState.Reopening()); // which says that another version is needed
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "no store was pulled: " + e.getMessage());
      tryAgain(this::replace);
    }
  }

  /** What the log feeds; who leads is told to the keeper, which has time for it. */
  private final class Follower implements LogFollower {
    private final Replica replica;

    Follower(Replica replica) {
      this.replica = replica;
    }

    @Override
    public long savedTo() {
      return replica.savedTo();
    }

    @Override
    public void segment(long firstSequence) {
      replica.segment(firstSequence);
    }

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      replica.record(sequence, type, payload, offset, length);
    }

    @Override
    public void lead() {
      replica.lead();
      later(ReplicatedStore.this::followLead);
    }

    @Override
    public void follow() {
      replica.follow();
      later(ReplicatedStore.this::followLead);
    }
  }

  /** Rules are evaluated where the lead is. */
  private void followLead() {
    OpenStore now = opened;
    boolean leadsNow = now != null && now.engine().replica().leads() && !closing;
    if (leadsNow == leads) {
      return;
    }
    if (now != null && leadsNow) {
      try {
        look(); // no rule is evaluated that is not in force
        companions.leads(now);
        leads = true;
      } catch (IOException e) {
        LOG.log(System.Logger.Level.ERROR, "rules are not evaluated: " + e.getMessage(), e);
      }
    } else {
      leads = false;
      companions.follows();
    }
  }

  /** What has to be looked at now and then. */
  private void tick() {
    try {
      OpenStore now = opened;
      if (now == null || closing) {
        return;
      }
      followLead();
      look();
      leaveLeadIfDamaged(now.engine());
      SortedMap<String, String> there = now.engine().declaredAggregates();
      if (!there.equals(declared)) {
        declared = there;
        aggregates.refresh();
      }
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "BUG: a replica is not looked after", e);
    }
  }

  private void later(Runnable work) {
    try {
      keeper.execute(
          () -> {
            try {
              work.run();
            } catch (RuntimeException | Error e) {
              LOG.log(System.Logger.Level.ERROR, "BUG: a replica is not looked after", e);
            }
          });
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "the store is being closed", e);
    }
  }

  @Override
  public void diverged() {
    LOG.log(
        System.Logger.Level.WARNING,
        "this node held records that did not become part of the log; none of them was acknowledged."
            + " Its store is opened anew");
    later(() -> reopen(new ReplicaState.Reopening()));
  }

  @Override
  public void failed(Throwable cause) {
    LOG.log(System.Logger.Level.ERROR, "a record of the log was not taken: " + cause, cause);
    later(() -> reopen(new ReplicaState.Stopped(String.valueOf(cause.getMessage()))));
  }

  private void reopen(ReplicaState why) {
    if (closing || withdrawn) {
      return;
    }
    try {
      end(why);
      String recovery = openAnew(new RecoveryProgress());
      LOG.log(System.Logger.Level.INFO, "opened anew: " + recovery);
    } catch (UnknownLevelException e) {
      // Only another version of the program helps.
      hindrance = new ReplicaState.Stopped(String.valueOf(e.getMessage()));
      LOG.log(System.Logger.Level.ERROR, "this node stays stopped: " + e.getMessage());
    } catch (IOException | RuntimeException e) {
      hindrance = new ReplicaState.Stopped(String.valueOf(e.getMessage()));
      LOG.log(
          System.Logger.Level.ERROR, "the store cannot be opened anew, tried again soon: " + e, e);
      tryAgain(() -> reopen(why));
    }
  }

  private void tryAgain(Runnable work) {
    try {
      var _ = keeper.schedule(work, TICK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "the store is being closed", e);
    }
  }

  /** Ends the store that is open, if one is; requests learn that it is gone. */
  private void end(ReplicaState why) throws IOException {
    OpenStore now = opened;
    hindrance = why;
    opened = null;
    if (leads) {
      leads = false;
      companions.follows();
    }
    if (now != null) {
      now.engine().replica().follow();
      now.quiesce();
      now.close();
    }
  }

  @Override
  public CompletableFuture<LogPosition> install(String leader, long firstIndex) {
    CompletableFuture<LogPosition> done = new CompletableFuture<>();
    LOG.log(
        System.Logger.Level.INFO,
        "the log of "
            + leader
            + " begins at "
            + firstIndex
            + ", behind what is here: its store is pulled");
    later(
        () -> {
          try {
            done.complete(pullFrom(leader));
          } catch (IOException | RuntimeException | Error e) {
            LOG.log(
                System.Logger.Level.WARNING,
                "the store of " + leader + " did not come whole: " + e.getMessage());
            done.completeExceptionally(e);
            later(() -> reopen(new ReplicaState.Reopening()));
          }
        });
    return done;
  }

  /** Puts the store of another node in place of this one, which has other files than it should. */
  void reinstall(@Nullable String node, String why) {
    if (pull != null) {
      return;
    }
    LOG.log(System.Logger.Level.WARNING, "the store is taken from another node: " + why);
    later(
        () -> {
          try {
            var _ = pullFrom(node);
          } catch (IOException | RuntimeException e) {
            LOG.log(
                System.Logger.Level.WARNING,
                "the store of another node did not come whole, this one stays: " + e.getMessage());
            if (opened == null) {
              reopen(new ReplicaState.Reopening());
            }
          }
        });
  }

  private LogPosition pullFrom(@Nullable String leader) throws IOException {
    if (withdrawn) {
      throw new IOException("the log of this node is stopped");
    }
    StoreInstall install = new StoreInstall(config.engine().dataDir());
    Source source = pulling.from(leader, install);
    StorePull from = source.pull();
    pull = from;
    if (closing || withdrawn) {
      throw new IOException("the node is being stopped");
    }
    try {
      StoreListing listing = from.run();
      LogPosition trimmed = log().savedPosition();
      if (trimmed != null && listing.position() < trimmed.index()) {
        throw new IOException(
            "it ends at record "
                + listing.position()
                + ", and the log here begins behind "
                + trimmed.index());
      }
      LogPosition position = source.position(listing.position());
      end(new ReplicaState.Reopening());
      install.install(listing);
      openAnew(new RecoveryProgress());
      from.release(listing); // not before: as long as it is held, the log behind it stays
      return position;
    } finally {
      pull = null;
    }
  }

  @Override
  public @Nullable OpenStore current() {
    return opened;
  }

  /**
   * Changes when a store is opened or closed, and when something in it is put right. Any thread.
   */
  long readableSince() {
    long opening = openings.get();
    OpenStore now = opened;
    return now == null ? -1 : (opening << REPAIR_BITS) + now.engine().repairCount();
  }

  /** What keeps the store from being read or from following; null if nothing does. */
  @Nullable ReplicaState hindrance() {
    StorePull coming = pull;
    if (coming != null) {
      PullProgress.State state = coming.progress();
      return new ReplicaState.CatchingUp("", state.bytesDone(), state.bytes());
    }
    return hindrance;
  }

  @Override
  public void quiesce() {
    closing = true;
    cancelPull();
    CompletableFuture<Void> done = new CompletableFuture<>();
    later(
        () -> {
          companions.follows();
          companions.closing();
          OpenStore now = opened;
          if (now != null) {
            now.quiesce();
          }
          done.complete(null);
        });
    done.join();
  }

  @Override
  public void close() throws IOException {
    closing = true;
    keeper.shutdownNow();
    try {
      if (!keeper.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.log(System.Logger.Level.WARNING, "the replica's thread does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    OpenStore now = opened;
    opened = null;
    if (now != null) {
      now.engine().replica().follow();
      now.close();
    }
  }
}
