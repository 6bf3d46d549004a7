package io.varve.http.api;

import io.varve.engine.NotLeadingException;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.format.CorruptDataException;
import io.varve.http.backup.BackupService;
import io.varve.http.config.ConfigException;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.retention.backup.Backups;
import io.varve.retention.backup.Progress;
import java.io.IOException;

/**
 * The endpoint of backups, {@code /api/v1/admin/backups}: by GET it tells how they stand, by POST
 * it makes one in the place that the settings name, and answers when it is there. Closed unless the
 * setting {@code http.admin_api} opens it.
 */
public final class BackupsHandler implements Handler {
  private final BackupService service;
  private final boolean open;

  /** Backups of this server. */
  public BackupsHandler(BackupService service, boolean open) {
    this.service = service;
    this.open = open;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    if (!open) {
      throw new ApiException(ErrorType.UNAVAILABLE, "admin APIs disabled");
    }
    if (request.method().equals("GET")) {
      BackupService.Status status = service.status();
      Answers.success(response, json -> tell(json, status));
      return;
    }
    Backups.Created created;
    try {
      created = service.create();
    } catch (ConfigException e) {
      throw ApiException.badParameter("backup", String.valueOf(e.getMessage()));
    } catch (NotLeadingException e) {
      throw e; // another node makes it
    } catch (IOException | StorageStoppedException | CorruptDataException e) {
      throw new ApiException(ErrorType.INTERNAL, "backup: " + e.getMessage());
    }
    Answers.success(
        response,
        json -> {
          json.beginObject();
          json.key("name").string(created.listing().name());
          json.key("files").number(created.listing().files());
          json.key("bytes").number(created.listing().bytes());
          json.key("uploadedFiles").number(created.uploadedFiles());
          json.key("uploadedBytes").number(created.uploadedBytes());
          json.key("problems").beginList();
          for (String problem : created.problems()) {
            json.string(problem);
          }
          json.endList();
          json.endObject();
        });
  }

  private static void tell(Json json, BackupService.Status status) throws IOException {
    json.beginObject();
    Progress.State running = status.running();
    if (running != null) {
      json.key("running").beginObject();
      json.key("step").string(running.step());
      json.key("files").number(running.files());
      json.key("filesDone").number(running.filesDone());
      json.key("bytes").number(running.bytes());
      json.key("bytesDone").number(running.bytesDone());
      json.endObject();
    }
    json.key("lastSuccess").number(status.lastMillis() / 1000);
    json.key("lastFailure").number(status.lastFailureMillis() / 1000);
    json.key("failure").string(status.lastFailure());
    json.key("made").number(status.made());
    json.key("failures").number(status.failures());
    BackupService.Archive log = status.archive();
    if (log.isSet()) {
      json.key("archive").beginObject();
      json.key("timeline").string(log.timeline());
      json.key("archivedTo").number(log.archivedToSecond());
      json.key("failure").string(log.failure());
      json.key("failures").number(log.failures());
      json.key("gaps").number(log.gaps());
      json.endObject();
    }
    json.endObject();
  }
}
