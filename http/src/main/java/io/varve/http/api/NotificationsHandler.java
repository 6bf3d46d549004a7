package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.List;

/** {@code /api/v1/notifications}: what whoever runs the server should know now. */
public final class NotificationsHandler implements Handler {
  private final Notifications notifications;

  /** Tells {@code notifications}. */
  public NotificationsHandler(Notifications notifications) {
    this.notifications = notifications;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    List<Notifications.Notification> current = notifications.current();
    Answers.success(
        response,
        json -> {
          json.beginList();
          for (Notifications.Notification notification : current) {
            notification.write(json);
          }
          json.endList();
        });
  }
}
