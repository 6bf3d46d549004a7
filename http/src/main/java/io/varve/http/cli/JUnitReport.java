package io.varve.http.cli;

import java.io.StringWriter;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.jspecify.annotations.Nullable;

/** Results of tests in JUnit's XML, with the elements and attributes that promtool writes. */
final class JUnitReport {
  private final List<Suite> suites = new ArrayList<>();

  /** The tests of a file. */
  static final class Suite {
    private final String name;
    private final String begun =
        DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(
            LocalDateTime.now().truncatedTo(ChronoUnit.SECONDS));
    private final List<Case> cases = new ArrayList<>();
    private @Nullable String error;

    private Suite(String name) {
      this.name = name;
    }

    /** One of them has ended. */
    void ran(String test, List<String> problems) {
      cases.add(new Case(test, List.copyOf(problems)));
    }

    /** No more are run. */
    void aborted(String why) {
      if (cases.isEmpty()) {
        cases.add(new Case("unknown", List.of()));
      }
      error = why;
    }
  }

  private record Case(String name, List<String> failures) {}

  /** Begins the tests of a file. */
  Suite suite(String name) {
    Suite suite = new Suite(name);
    suites.add(suite);
    return suite;
  }

  String xml() {
    StringWriter text = new StringWriter();
    try {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
      xml.writeStartElement("testsuites");
      for (Suite suite : suites) {
        write(suite, xml);
      }
      xml.writeEndElement();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("text in memory cannot be written", e);
    }
    return text.toString();
  }

  private static void write(Suite suite, XMLStreamWriter xml) throws XMLStreamException {
    int failures = 0;
    for (Case test : suite.cases) {
      failures += test.failures.size();
    }
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", legal(suite.name));
    xml.writeAttribute("tests", Integer.toString(suite.cases.size()));
    xml.writeAttribute("failures", Integer.toString(failures));
    xml.writeAttribute("errors", suite.error == null ? "0" : "1");
    xml.writeAttribute("skipped", "0");
    xml.writeAttribute("timestamp", suite.begun);
    for (int i = 0; i < suite.cases.size(); i++) {
      Case test = suite.cases.get(i);
      xml.writeStartElement("testcase");
      xml.writeAttribute("name", legal(test.name));
      for (String failure : test.failures) {
        element("failure", failure, xml);
      }
      if (suite.error != null && i + 1 == suite.cases.size()) {
        element("error", suite.error, xml);
      }
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private static void element(String name, String text, XMLStreamWriter xml)
      throws XMLStreamException {
    xml.writeStartElement(name);
    xml.writeCharacters(legal(text));
    xml.writeEndElement();
  }

  /** XML has no way to write most control characters. */
  private static String legal(String text) {
    StringBuilder legal = new StringBuilder();
    text.codePoints()
        .map(c -> c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && !isOutside(c)) ? c : 0xfffd)
        .forEach(legal::appendCodePoint);
    return legal.toString();
  }

  private static boolean isOutside(int c) {
    return (c >= 0xd800 && c < 0xe000) || c == 0xfffe || c == 0xffff;
  }
}
