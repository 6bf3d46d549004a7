package io.varve.bench.workload;

/**
 * Which scrapes of which hosts are delivered when. Every scrape of a pass is delivered once, within
 * the pass.
 */
sealed interface DeliveryOrder {
  /** Takes deliveries. */
  interface Sink {
    /**
     * Takes a scrape.
     *
     * @param host its number among all hosts that there ever are
     * @param step when it was scraped
     */
    void scrape(int host, int step);
  }

  /**
   * Tells what is delivered at a step.
   *
   * @param pass the steps that {@code step} belongs to
   */
  void deliver(int step, Steps pass, Sink sink);

  /** Numbers of hosts are below it, for {@code passes} passes that end at a step. */
  int hostNumbers(int passes, int endStep);

  /** The number of a host that is scraped at a step, one in the middle of the fleet. */
  int someHost(int step, Steps pass);

  /**
   * Steps {@code [from, to)}.
   *
   * @param number which pass it is; what comes after the last pass belongs to it
   */
  record Steps(int number, int from, int to) {}

  /** The same hosts all the time, each on time. */
  record Steady(int hosts) implements DeliveryOrder {
    @Override
    public void deliver(int step, Steps pass, Sink sink) {
      for (int h = 0; h < hosts; h++) {
        sink.scrape(h, step);
      }
    }

    @Override
    public int hostNumbers(int passes, int endStep) {
      return hosts;
    }

    @Override
    public int someHost(int step, Steps pass) {
      return hosts / 2;
    }
  }

  /** Other hosts in every pass: all series of a pass are new. */
  record NewHosts(int hosts) implements DeliveryOrder {
    @Override
    public void deliver(int step, Steps pass, Sink sink) {
      for (int h = 0; h < hosts; h++) {
        sink.scrape(pass.number() * hosts + h, step);
      }
    }

    @Override
    public int hostNumbers(int passes, int endStep) {
      return passes * hosts;
    }

    @Override
    public int someHost(int step, Steps pass) {
      return pass.number() * hosts + hosts / 2;
    }
  }

  /**
   * Hosts that live for a while and are replaced by others with new names, one after the other so
   * that as many go at any time.
   *
   * @param lifeSteps how long a host lives
   */
  record Churn(int hosts, int lifeSteps) implements DeliveryOrder {
    @Override
    public void deliver(int step, Steps pass, Sink sink) {
      for (int h = 0; h < hosts; h++) {
        sink.scrape(number(h, step), step);
      }
    }

    private int number(int place, int step) {
      long age = step + (long) place * lifeSteps / hosts;
      return place + hosts * (int) (age / lifeSteps);
    }

    @Override
    public int hostNumbers(int passes, int endStep) {
      return hosts * (endStep / lifeSteps + 2);
    }

    @Override
    public int someHost(int step, Steps pass) {
      return number(hosts / 2, step);
    }
  }

  /**
   * Some scrapes are held back and come later, with a scrape that is on time; at the end of a pass
   * comes all that is still held back.
   *
   * @param share of the scrapes that are late
   * @param mostSteps how late, at most; evenly spread from 1 on
   */
  record Late(int hosts, double share, int mostSteps) implements DeliveryOrder {
    @Override
    public void deliver(int step, Steps pass, Sink sink) {
      boolean last = step == pass.to() - 1;
      for (int h = 0; h < hosts; h++) {
        if (last || delay(h, step) == 0) {
          sink.scrape(h, step);
        }
        for (int from = Math.max(pass.from(), step - mostSteps); from < step; from++) {
          int delay = delay(h, from);
          if (delay > 0 && (from + delay == step || (last && from + delay > step))) {
            sink.scrape(h, from);
          }
        }
      }
    }

    /** Steps by which a scrape is late, mostly 0. */
    private int delay(int host, int step) {
      long mixed = Mixing.mixed(host * 0x9E3779B97F4A7C15L + step);
      if ((mixed >>> 11) * 0x1p-53 >= share) {
        return 0;
      }
      return 1 + (int) Long.remainderUnsigned(Mixing.mixed(mixed), mostSteps);
    }

    @Override
    public int hostNumbers(int passes, int endStep) {
      return hosts;
    }

    @Override
    public int someHost(int step, Steps pass) {
      return hosts / 2;
    }
  }
}
