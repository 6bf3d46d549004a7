package io.varve.ingest.cluster.raft;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.rpc.SupportedRpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;

/**
 * gRPC between nodes, with one thing put right: a leader sends nothing to a follower from behind
 * its own log. Ratis (3.3.0) takes the follower's word for where to go on, and a deposed leader's
 * log may be longer, with entries that did not become part of the log: it would be left waiting
 * until the leader's log gets as far.
 *
 * <p>Made by Ratis, by the name of the class.
 */
public final class RaftTransport implements RpcType {
  /** For Ratis. */
  public RaftTransport() {}

  @Override
  public String name() {
    return SupportedRpcType.GRPC.name();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    return new GrpcFactory(parameters) {
      @Override
      public LogAppender newLogAppender(
          RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
        return new Appender(server, leader, follower);
      }
    };
  }

  private static final class Appender extends GrpcLogAppender {
    Appender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
      super(server, leader, follower);
    }

    @Override
    protected long getNextIndexForInconsistency(long requested, long followersNext) {
      long ownNext = getServer().getRaftLog().getNextIndex();
      return super.getNextIndexForInconsistency(requested, Math.min(followersNext, ownNext));
    }
  }
}
