/**
 * HTTP for the handlers: routes, requests with their bodies and parameters, answers that are
 * streamed, all with bounds. The only package that knows Undertow.
 *
 * <p>A request travels so: an I/O thread parses it, finds its {@link io.varve.http.net.Route} and
 * collects its body, bounded in size and in sum over all requests; a virtual thread of its own then
 * runs the handler, which may block. Neither direction ever blocks a thread on a socket selector:
 * bodies are complete before the handler starts, and an answer that the client does not take yet
 * parks the virtual thread.
 */
@NullMarked
package io.varve.http.net;

import org.jspecify.annotations.NullMarked;
