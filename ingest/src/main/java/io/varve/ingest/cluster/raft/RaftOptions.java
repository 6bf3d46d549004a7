package io.varve.ingest.cluster.raft;

import io.varve.ingest.cluster.Peer;
import java.io.File;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/** The settings in Raft's words, with the reasons. */
final class RaftOptions {
  /** Bytes of an entry beside its data, at most. */
  private static final int FRAME = 4096;

  private static final int CACHED_SEGMENTS = 3;

  /** Longer than a node takes to become a member. */
  private static final int NEVER_MILLIS = 24 * 3_600_000;

  private RaftOptions() {}

  /**
   * All of them.
   *
   * @param joins as {@link RaftNode#start} has it
   */
  static RaftProperties of(RaftSettings settings, boolean joins) {
    RaftProperties to = new RaftProperties();
    to.set(RaftConfigKeys.Rpc.TYPE_KEY, RaftTransport.class.getName());
    // The default is the system's temporary folder, which does not outlive the machine.
    RaftServerConfigKeys.setStorageDir(to, List.of(settings.folder().toFile()));
    RaftServerConfigKeys.setRemovedGroupsDir(to, new File(settings.folder().toFile(), "removed"));
    network(to, settings);
    times(to, settings, joins);
    log(to, settings);
    return to;
  }

  private static void network(RaftProperties to, RaftSettings settings) {
    Peer self =
        settings.peers().stream()
            .filter(peer -> peer.id().equals(settings.self()))
            .findFirst()
            .orElseThrow();
    int colon = self.raft().lastIndexOf(':');
    GrpcConfigKeys.Server.setHost(to, self.raft().substring(0, colon));
    GrpcConfigKeys.Server.setPort(to, Integer.parseInt(self.raft().substring(colon + 1)));
    // One entry for all of a batch, and room for its frame.
    int batch = 2 * settings.partBytes() + FRAME;
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(to, SizeInBytes.valueOf(batch));
    GrpcConfigKeys.setMessageSizeMax(to, SizeInBytes.valueOf(batch + (2 << 20)));
    GrpcConfigKeys.setFlowControlWindow(to, SizeInBytes.valueOf(1 << 20));
    // Where logs part, the leader goes back by an entry a time; the default takes 1 s for each
    // after the tenth, and nothing can be committed meanwhile.
    RaftServerConfigKeys.Log.Appender.setRetryPolicy(to, "1ms,5000, 100ms,1000000000");
    // Appends come from this process only; few threads are needed for what comes over the network.
    GrpcConfigKeys.Server.setAsyncRequestThreadPoolSize(to, 4);
    GrpcConfigKeys.Server.setWorkerGroupSize(to, 2);
    GrpcConfigKeys.Server.setBossGroupSize(to, 1);
    GrpcConfigKeys.Client.setWorkerGroupSize(to, 2);
    RaftServerConfigKeys.DataStream.setAsyncRequestThreadPoolSize(to, 1);
    RaftServerConfigKeys.DataStream.setAsyncWriteThreadPoolSize(to, 1);
    RaftServerConfigKeys.DataStream.setClientPoolSize(to, 1);
  }

  private static void times(RaftProperties to, RaftSettings settings, boolean joins) {
    int least = settings.electionMillis();
    RaftServerConfigKeys.Rpc.setTimeoutMin(to, millis(least));
    // Far enough apart that two seldom stand for election at once.
    RaftServerConfigKeys.Rpc.setTimeoutMax(to, millis(least * 7L / 4));
    // When a node that does not vote yet becomes one that does, Ratis (3.3.0) waits, with its lock
    // held, for the thread that looks at this time: it has to sleep, not to want that lock. Its
    // first sleep is this long; later ones are ordinary, as it has heard of a leader by then.
    int first = joins ? NEVER_MILLIS : 0;
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(to, millis(first + least / 2));
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(to, millis(first + least * 7L / 4));
    RaftServerConfigKeys.Rpc.setRequestTimeout(to, millis(Math.max(2000, 2L * least)));
    RaftServerConfigKeys.LeaderElection.setPreVote(to, true);
    // For so long a deposed leader does not stand again, though nobody else may have all records.
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(to, millis(least));
    // A pause of this process is no reason to end it: Raft bears any.
    RaftServerConfigKeys.setCloseThreshold(to, TimeDuration.valueOf(365, TimeUnit.DAYS));
    // Appends are not sent twice, so the cache of answers serves nobody.
    RaftServerConfigKeys.RetryCache.setExpiryTime(to, TimeDuration.valueOf(2, TimeUnit.SECONDS));
  }

  private static void log(RaftProperties to, RaftSettings settings) {
    int batch = 2 * settings.partBytes() + FRAME;
    RaftServerConfigKeys.Log.setSegmentSizeMax(to, SizeInBytes.valueOf(settings.segmentBytes()));
    RaftServerConfigKeys.Log.setPreallocatedSize(to, SizeInBytes.valueOf(64 << 10));
    // Pinned outside of the heap per shard; it has to hold a batch.
    RaftServerConfigKeys.Log.setWriteBufferSize(to, SizeInBytes.valueOf(batch + FRAME));
    RaftServerConfigKeys.Log.setQueueByteLimit(to, SizeInBytes.valueOf(settings.pendingBytes()));
    RaftServerConfigKeys.Write.setByteLimit(to, SizeInBytes.valueOf(settings.pendingBytes()));
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(to, CACHED_SEGMENTS);
    RaftServerConfigKeys.Log.setSegmentCacheSizeMax(
        to, SizeInBytes.valueOf((long) CACHED_SEGMENTS * settings.segmentBytes()));
    // How far others are is asked of the leader after a start; to log it costs a second fsync each.
    RaftServerConfigKeys.Log.setLogMetadataEnabled(to, false);
    RaftServerConfigKeys.Log.setPurgeGap(to, 1);
    RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(to, true);
    // What Raft calls a snapshot is the engine's own files, which are fetched another way.
    RaftServerConfigKeys.Log.Appender.setInstallSnapshotEnabled(to, false);
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(to, false);
    RaftServerConfigKeys.Snapshot.setCreationGap(to, 1);
  }

  private static TimeDuration millis(long millis) {
    return TimeDuration.valueOf(millis, TimeUnit.MILLISECONDS);
  }
}
