package io.varve.http.cluster;

import io.varve.engine.NotLeadingException;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;

/**
 * Has a write acknowledged by the node that was asked, which keeps it until the cluster has it. A
 * node that can read nothing yet cannot judge requests either, and passes them on; what other nodes
 * pass on is for the leader.
 */
final class SpoolHandler implements Handler {
  private static final System.Logger LOG = System.getLogger(SpoolHandler.class.getName());

  private final Handler keep;
  private final Handler lead;
  private final WriteSpool spool;
  private final Here here;

  /**
   * In front of the handler for the leader.
   *
   * @param keep checks a request, puts it into the spool, and answers it
   * @param lead has it answered by the leader
   */
  SpoolHandler(Handler keep, Handler lead, WriteSpool spool, Here here) {
    this.keep = keep;
    this.lead = lead;
    this.spool = spool;
    this.here = here;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    boolean isAsked = request.header(Headers.HOP) == null && !here.isStopping();
    if (isAsked && spool.isOpen() && here.readable() != null) {
      response.header(Headers.NODE, here.id());
      try {
        keep.handle(request, response);
        return;
      } catch (NotLeadingException e) {
        LOG.log(System.Logger.Level.DEBUG, "the store was closed meanwhile", e);
      }
    }
    lead.handle(request, response);
  }
}
