package io.varve.query.exec;

/**
 * One of the threads that evaluate a query, as an operator sees it: a number below {@link
 * QueryContext#workers} under which it keeps its readers and scratch memory. At any time at most
 * one thread is a given worker of a given query.
 *
 * @param slot the number
 */
record Worker(int slot) {}
