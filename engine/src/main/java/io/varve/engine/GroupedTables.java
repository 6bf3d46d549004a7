package io.varve.engine;

import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.TimeRange;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The grouped aggregates of a {@link Snapshot}: tables of one window each, that count as long as
 * nothing in their window has changed since they were derived. So a table that is handed out is
 * what would be derived from the snapshot. Any thread.
 */
public interface GroupedTables {
  /** Those of a store that has none. */
  GroupedTables NONE =
      new GroupedTables() {
        @Override
        public List<AggregateRule> rules() {
          return List.of();
        }

        @Override
        public TimeRange window(long time) {
          return new TimeRange(time - 1, time);
        }

        @Override
        public Found find(String tenant, AggregateRule rule, long stepMillis, long windowStart) {
          return new Missing("there are no grouped aggregates");
        }

        @Override
        public @Nullable GroupedWork missing(Predicate<GroupedWork> wanted) {
          return null;
        }

        @Override
        public List<GroupedWork> derived() {
          return List.of();
        }
      };

  /** The rules of groups. */
  List<AggregateRule> rules();

  /** The window that a time lies in. */
  TimeRange window(long time);

  /**
   * Looks for the table of a window.
   *
   * @param tenant whose groups will be looked at
   * @param rule one of {@link #rules}
   * @param stepMillis one of its steps
   * @param windowStart exclusive start of the window
   */
  Found find(String tenant, AggregateRule rule, long stepMillis, long windowStart);

  /** What was found. */
  sealed interface Found {}

  /**
   * A table that counts.
   *
   * @param table null if the window has no groups
   * @param samplesGone true if samples that went into it are gone, because of their age
   */
  record Stored(@Nullable GroupedTable table, boolean samplesGone) implements Found {}

  /**
   * None that counts.
   *
   * @param why in words
   */
  record Missing(String why) implements Found {}

  /**
   * The newest window of which tables are to be derived; null if there is none. Windows that are
   * not over yet, and those of which something is not in files yet, are left out.
   *
   * @param wanted false for what the caller does not want to derive
   */
  @Nullable GroupedWork missing(Predicate<GroupedWork> wanted);

  /** All windows with tables that count and could be derived again, to look at. */
  List<GroupedWork> derived();
}
