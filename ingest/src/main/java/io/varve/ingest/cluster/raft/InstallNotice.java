package io.varve.ingest.cluster.raft;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;

/**
 * Lets Raft go on from another replica's saved state that was installed. Ratis (3.3.0) looks
 * whether it was when the leader asks once more; until then it takes no entries. A leader that was
 * elected in the meantime does not ask if the log here is longer than where its own begins, though
 * with other entries: so this node asks itself, as that leader would. Any thread.
 */
final class InstallNotice {
  /** So long the leader is left the time to ask. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private volatile @Nullable Installed unnoticed;

  /**
   * What Raft has not gone on from yet.
   *
   * @param asked what the leader asked with: the first entry of its log
   */
  private record Installed(TermIndex asked, long nanos) {}

  /**
   * It is in place.
   *
   * @param asked the first entry of the leader's log, as the leader said when it asked for this
   */
  void installed(TermIndex asked) {
    unnoticed = new Installed(asked, System.nanoTime());
  }

  /** Raft goes on. */
  void noticed() {
    unnoticed = null;
  }

  /** Asks if it is time to. From time to time, by one thread. */
  void ask(RaftServer server, RaftServer.Division division, RaftGroupId group, long call)
      throws IOException {
    Installed now = unnoticed;
    RaftPeerId leader = now == null ? null : division.getInfo().getLeaderId();
    if (now == null
        || leader == null
        || leader.equals(server.getId())
        || System.nanoTime() - now.nanos() < PATIENCE_NANOS) {
      return;
    }
    RaftRpcRequestProto asLeader =
        RaftRpcRequestProto.newBuilder()
            .setRequestorId(leader.toByteString())
            .setReplyId(server.getId().toByteString())
            .setRaftGroupId(RaftGroupIdProto.newBuilder().setId(group.toByteString()))
            .setCallId(call)
            .build();
    var _ =
        server.installSnapshot(
            InstallSnapshotRequestProto.newBuilder()
                .setServerRequest(asLeader)
                .setLeaderTerm(division.getInfo().getCurrentTerm())
                .setNotification(
                    InstallSnapshotRequestProto.NotificationProto.newBuilder()
                        .setFirstAvailableTermIndex(now.asked().toProto()))
                .build());
  }
}
