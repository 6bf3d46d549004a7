package io.varve.engine.index;

import io.varve.engine.format.CorruptDataException;
import java.util.Arrays;
import java.util.function.Consumer;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.buffer.ImmutableRoaringBitmap;

/** Checks that all that a section says agrees: records, dictionaries, postings. */
final class SegmentVerifier {
  private SegmentVerifier() {}

  /** Reads everything of a section and reports the first thing that is wrong. */
  static void verify(SegmentTerms terms, Consumer<String> problem) {
    try {
      runs(terms);
      dictionaries(terms);
      postings(terms);
    } catch (CorruptDataException e) {
      problem.accept(String.valueOf(e.getMessage()));
    }
  }

  private static void runs(SegmentTerms terms) {
    if (terms.runStart(0) != 0) {
      throw terms.corrupt(terms.runEntry(0), "the first run does not begin at the first series");
    }
    RecordCursor records = terms.records();
    for (int run = 0; run < terms.runs(); run++) {
      records.seek(terms.runStart(run));
      if (records.runStart() != terms.runStart(run)
          || records.runEnd() != terms.runStart(run + 1)) {
        throw terms.corrupt(terms.runEntry(run), "table of runs is not in order");
      }
    }
  }

  private static void dictionaries(SegmentTerms terms) {
    for (int name = 0; name < terms.names(); name++) {
      SegmentTerms.Name label = terms.nameAt(name);
      DictionaryCursor values = terms.dictionary(name);
      byte[] previous = new byte[0];
      for (int value = 0; value < label.values; value++) {
        values.seek(value);
        if (Arrays.compareUnsigned(previous, 0, previous.length, values.bytes(), 0, values.length())
            >= 0) {
          throw terms.corrupt(
              label.dictionary, "values of label " + label.text + " are not in order");
        }
        previous = Arrays.copyOf(values.bytes(), values.length());
      }
    }
  }

  /** The postings of each name must be the records, turned round. */
  private static void postings(SegmentTerms terms) {
    RecordCursor records = terms.records();
    for (int name = 0; name < terms.names(); name++) {
      SegmentTerms.Name label = terms.nameAt(name);
      int[] valueOf = new int[terms.series()];
      Arrays.fill(valueOf, -1);
      int present = 0;
      for (int position = 0; position < valueOf.length; ) {
        records.seek(position);
        int column = records.column(name);
        int end = records.runEnd();
        for (; position < end; position++) {
          if (column >= 0) {
            valueOf[position] = records.valueAt(position, column);
            present++;
          }
        }
      }
      ImmutableRoaringBitmap any = terms.postings(name, Terms.ANY);
      int listed = 0;
      for (int value = 0; value < label.values; value++) {
        PeekableIntIterator each = terms.postings(name, value).getIntIterator();
        while (each.hasNext()) {
          int id = each.next();
          listed++;
          if (valueOf[id - terms.firstId()] != value || !any.contains(id)) {
            throw terms.corrupt(
                label.postings,
                "postings of label " + label.text + " do not agree with series " + id);
          }
        }
      }
      if (listed != present || any.getCardinality() != present) {
        throw terms.corrupt(
            label.postings,
            "postings of label " + label.text + " hold " + listed + " series, not " + present);
      }
    }
  }
}
