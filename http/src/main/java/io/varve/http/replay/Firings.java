package io.varve.http.replay;

import io.varve.engine.model.Labels;
import io.varve.retention.rules.Alert;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Follows the alerts of a rule from one time to the next. */
final class Firings {
  private final String group;
  private final String alert;
  private final Map<Labels, Open> open = new LinkedHashMap<>();
  private final List<Firing> ended = new ArrayList<>();

  /** An alert that goes on. */
  private static final class Open {
    final long active;
    long fired;
    double value;
    long seen;

    Open(Alert first) {
      active = first.activeMillis();
      value = first.value();
    }
  }

  Firings(String group, String alert) {
    this.group = group;
    this.alert = alert;
  }

  /** Takes the alerts at a time. */
  void follow(Collection<Alert> alerts, long time) {
    for (Alert a : alerts) {
      if (a.state() == Alert.State.INACTIVE) {
        continue;
      }
      Open known = open.get(a.labels());
      if (known != null && known.active != a.activeMillis()) {
        end(a.labels(), known, time); // gone and back again between two evaluations
        known = null;
      }
      if (known == null) {
        known = new Open(a);
        open.put(a.labels(), known);
      }
      if (known.fired == 0 && a.firedMillis() != 0) {
        known.fired = a.firedMillis();
        known.value = a.value();
      }
      known.seen = time;
    }
    for (Iterator<Map.Entry<Labels, Open>> all = open.entrySet().iterator(); all.hasNext(); ) {
      Map.Entry<Labels, Open> entry = all.next();
      if (entry.getValue().seen != time) {
        end(entry.getKey(), entry.getValue(), time);
        all.remove();
      }
    }
  }

  private void end(Labels labels, Open a, long time) {
    ended.add(new Firing(group, alert, labels, a.active, a.fired, time, a.value));
  }

  /** All so far, those that go on included. */
  List<Firing> all() {
    List<Firing> all = new ArrayList<>(ended);
    open.forEach(
        (labels, a) -> all.add(new Firing(group, alert, labels, a.active, a.fired, 0, a.value)));
    return all;
  }
}
