/**
 * Tells Alertmanagers of alerts: {@link io.varve.http.notify.Notifier} hands what rules tell to one
 * queue for each Alertmanager, and a thread for each sends it by the API v2 until it is taken.
 */
@NullMarked
package io.varve.http.notify;

import org.jspecify.annotations.NullMarked;
