package io.varve.ingest.cluster.raft;

import io.varve.ingest.cluster.LogPosition;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.client.impl.ClientProtoUtils;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.jspecify.annotations.Nullable;

/**
 * Finds a position behind everything that was acknowledged before the question.
 *
 * <p>Raft's own answer to that (Ratis 3.3.0) does not hold: a leader that was confirmed once takes
 * itself for confirmed as long as it commits nothing more, also when it has been replaced meanwhile
 * and does not know. So the leader's position is taken, and then a majority is asked for its term.
 * Terms never fall, and a new leader needs a majority in a newer one: if a majority answers, after
 * the question was put, that it is in the term of the leader that was asked, then no other had been
 * elected before.
 *
 * <p>The terms are learned from ballots that cannot be won: of the phase that changes nothing, with
 * an empty log. All questions that wait while one is asked are asked as one. Any thread.
 */
final class ReadBarrier {
  private final RaftServer server;
  private final RaftServer.Division division;
  private final long timeoutMillis;
  private final ClientId client = ClientId.randomId();
  private @Nullable CompletableFuture<LogPosition> waiting;
  private boolean isAsking;

  ReadBarrier(RaftServer server, RaftServer.Division division, long timeoutMillis) {
    this.server = server;
    this.division = division;
    this.timeoutMillis = timeoutMillis;
  }

  synchronized CompletableFuture<LogPosition> ask() {
    CompletableFuture<LogPosition> mine = waiting;
    if (mine == null) {
      mine = new CompletableFuture<>();
      waiting = mine;
    }
    if (!isAsking) {
      askNow();
    }
    return mine.copy();
  }

  /** For those who wait now; those who come later are not answered with what was asked before. */
  private void askNow() {
    CompletableFuture<LogPosition> asked = waiting;
    waiting = null;
    isAsking = asked != null;
    if (asked != null) {
      Thread.ofVirtual()
          .name("varve-read-position")
          .start(
              () -> {
                answer(asked);
                synchronized (this) {
                  askNow();
                }
              });
    }
  }

  private void answer(CompletableFuture<LogPosition> asked) {
    try {
      asked.complete(confirmed());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      asked.completeExceptionally(new IOException("interrupted", e));
    } catch (IOException | RuntimeException | Error e) {
      asked.completeExceptionally(e); // or nobody would ever ask again
    }
  }

  /** A voter and the term that it is in; no term if it did not answer. */
  private record Voice(RaftPeerId voter, @Nullable Long term) {}

  private LogPosition confirmed() throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    long term = division.getInfo().getCurrentTerm();
    RaftPeerId leader = division.getInfo().getLeaderId();
    if (leader == null) {
      throw new IOException("no node is known to lead");
    }
    Set<RaftPeerId> current = ids(division.getRaftConf().getCurrentPeers());
    Set<RaftPeerId> previous = ids(division.getRaftConf().getPreviousPeers());
    Set<RaftPeerId> others = new HashSet<>(current);
    others.addAll(previous);
    others.remove(server.getId());
    LinkedBlockingQueue<Voice> voices = new LinkedBlockingQueue<>();
    for (RaftPeerId other : others) {
      Thread.ofVirtual().start(() -> voices.add(new Voice(other, term(other, term))));
    }
    long index = leader.equals(server.getId()) ? ownIndex(term) : indexOf(leader, end);

    Set<RaftPeerId> with = ConcurrentHashMap.newKeySet();
    with.add(server.getId());
    int silent = 0;
    while (!isMajority(with, current) || !isMajority(with, previous)) {
      if (with.size() + silent > others.size()) {
        throw new IOException(
            "no majority of the nodes confirms that " + leader + " leads in term " + term);
      }
      Voice voice = voices.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (voice == null) {
        throw new IOException("a majority of the nodes did not answer in time");
      }
      if (voice.term == null || voice.term > term) {
        silent++;
      } else {
        with.add(voice.voter);
      }
    }
    return new LogPosition(term, index);
  }

  private static Set<RaftPeerId> ids(@Nullable Collection<RaftPeer> peers) {
    Set<RaftPeerId> ids = new HashSet<>();
    if (peers != null) {
      peers.forEach(peer -> ids.add(peer.getId()));
    }
    return ids;
  }

  private static boolean isMajority(Set<RaftPeerId> with, Set<RaftPeerId> of) {
    return of.isEmpty() || of.stream().filter(with::contains).count() > of.size() / 2;
  }

  private long ownIndex(long term) throws IOException {
    long index = division.getRaftLog().getLastCommittedIndex();
    // A leader knows what was committed before its time when it has committed something itself.
    if (!division.getInfo().isLeaderReady() || division.getInfo().getCurrentTerm() != term) {
      throw new IOException("this node is about to lead, or to lead no more");
    }
    return index;
  }

  private long indexOf(RaftPeerId leader, long end) throws IOException, InterruptedException {
    RaftClientRequest request =
        RaftClientRequest.newBuilder()
            .setClientId(client)
            .setServerId(leader)
            .setGroupId(division.getGroup().getGroupId())
            .setCallId(1)
            .setType(RaftClientRequest.readRequestType())
            .build();
    RaftServerRpc rpc = server.getServerRpc();
    CompletableFuture<ReadIndexReplyProto> reply =
        rpc.async()
            .readIndexAsync(
                ReadIndexRequestProto.newBuilder()
                    .setServerRequest(header(leader))
                    .setClientRequest(ClientProtoUtils.toRaftClientRequestProto(request, false))
                    .build());
    try {
      ReadIndexReplyProto found = reply.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (!found.getServerReply().getSuccess()) {
        throw new IOException(leader + " does not lead any more");
      }
      return found.getReadIndex();
    } catch (ExecutionException e) {
      throw new IOException("the leader, " + leader + ", did not answer: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IOException("the leader, " + leader + ", did not answer in time", e);
    }
  }

  private @Nullable Long term(RaftPeerId voter, long term) {
    try {
      RequestVoteReplyProto reply =
          server
              .getServerRpc()
              .requestVote(
                  RequestVoteRequestProto.newBuilder()
                      .setServerRequest(header(voter))
                      .setCandidateTerm(term)
                      .setPreVote(true)
                      .build());
      return reply.getTerm();
    } catch (IOException | RuntimeException e) {
      return null;
    }
  }

  private RaftRpcRequestProto.Builder header(RaftPeerId to) {
    return ClientProtoUtils.toRaftRpcRequestProtoBuilder(division.getMemberId(), to);
  }
}
