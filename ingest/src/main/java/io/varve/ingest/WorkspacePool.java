package io.varve.ingest;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A few workspaces for whichever threads need one; the one that was used last comes first, because
 * its buffers are still in the cache. Requests run on virtual threads, of which there may be
 * thousands, so buffers do not belong to threads.
 */
final class WorkspacePool {
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Workspace> idle = new ArrayDeque<>();
  private final Supplier<Workspace> maker;
  private final int mostIdle;

  WorkspacePool(int mostIdle, Supplier<Workspace> maker) {
    this.mostIdle = mostIdle;
    this.maker = maker;
  }

  Workspace take() {
    lock.lock();
    try {
      Workspace workspace = idle.pollFirst();
      if (workspace != null) {
        return workspace;
      }
    } finally {
      lock.unlock();
    }
    return maker.get();
  }

  void giveBack(Workspace workspace) {
    if (!workspace.worthKeeping()) {
      return;
    }
    lock.lock();
    try {
      if (idle.size() < mostIdle) {
        idle.addFirst(workspace);
      }
    } finally {
      lock.unlock();
    }
  }
}
