package io.varve.engine.index;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Puts the canonical label bytes of series together again. Ascending positions share work. One
 * thread at a time.
 */
final class LabelReader {
  private final SegmentTerms terms;
  private final RecordCursor records;
  private final @Nullable DictionaryCursor[] dictionaries;
  private byte[] bytes = new byte[256];

  LabelReader(SegmentTerms terms) {
    this.terms = terms;
    this.records = terms.records();
    this.dictionaries = new DictionaryCursor[terms.names()];
  }

  /** The bytes of the series read last, from the first on; replaced when they grow. */
  byte[] bytes() {
    return bytes;
  }

  /** Reads a series by its position in the tenant's section; returns the length of its bytes. */
  int read(int position) {
    records.seek(position);
    int at = 0;
    for (int c = 0; c < records.columns(); c++) {
      int name = records.name(c);
      DictionaryCursor values = dictionary(name);
      values.seek(records.valueAt(position, c));
      byte[] label = terms.nameAt(name).bytes;
      int size = LabelCursor.labelSize(label.length, values.length());
      if (size > bytes.length - at) {
        bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(at, size), bytes.length * 2));
      }
      at =
          LabelCursor.writeLabel(
              bytes, at, label, label.length, values.bytes(), 0, values.length());
    }
    return at;
  }

  private DictionaryCursor dictionary(int name) {
    DictionaryCursor known = dictionaries[name];
    if (known == null) {
      known = terms.dictionary(name);
      dictionaries[name] = known;
    }
    return known;
  }
}
