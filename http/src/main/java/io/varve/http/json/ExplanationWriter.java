package io.varve.http.json;

import io.varve.query.Explanation;
import java.io.IOException;
import java.util.List;

/** Writes what the nodes of a plan did. */
public final class ExplanationWriter {
  private ExplanationWriter() {}

  /** Writes a list of nodes, each with those below it. */
  public static void write(Json json, List<Explanation> nodes) throws IOException {
    json.beginList();
    for (Explanation node : nodes) {
      json.beginObject()
          .key("node")
          .string(node.text())
          .key("series")
          .number(node.series())
          .key("selectedSeries")
          .number(node.selected())
          .key("windows")
          .number(node.windows())
          .key("blocksDecoded")
          .number(node.blocksDecoded())
          .key("blocksStored")
          .number(node.blocksStored())
          .key("aggregateCells")
          .number(node.cells())
          .key("aggregateCellSeconds")
          .number(node.cellMillis() / 1e3)
          .key("bytes")
          .number(node.bytes())
          .key("samples")
          .number(node.samples())
          .key("seconds")
          .number(node.nanos() / 1e9)
          .key("remarks")
          .beginList();
      for (String remark : node.remarks()) {
        json.string(remark);
      }
      json.endList().key("children");
      write(json, node.children());
      json.endObject();
    }
    json.endList();
  }
}
