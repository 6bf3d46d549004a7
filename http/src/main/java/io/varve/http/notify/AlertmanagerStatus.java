package io.varve.http.notify;

/**
 * How it goes with one Alertmanager.
 *
 * @param url to which alerts are sent
 * @param waiting alerts in the queue
 * @param capacity of the queue
 * @param sent alerts that it has taken
 * @param failed alerts in requests that failed, each time
 * @param dropped alerts that were given up
 */
public record AlertmanagerStatus(
    String url, long waiting, long capacity, long sent, long failed, long dropped) {}
