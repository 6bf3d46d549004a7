package io.varve.retention.rules.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {
  private static final Surroundings NONE =
      new Surroundings() {
        @Override
        public List<Sample> query(String expression) {
          return expression.equals("none")
              ? List.of()
              : List.of(new Sample(Map.of("i", "b"), 2.0), new Sample(Map.of("i", "a"), 1.5));
        }

        @Override
        public double now() {
          return 100;
        }

        @Override
        public String externalUrl() {
          return "http://h/p";
        }
      };

  private static String expand(String text) {
    return Template.parse("{{$l := .Labels}}" + text)
        .expand(Map.of("Labels", Map.of("job", "j", "x", "y"), "Value", 2.5), NONE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '§',
      quoteCharacter = '~',
      textBlock =
          """
          a {{ .Value }} b                                      § a 2.5 b
          a {{- .Value -}} b                                    § a2.5b
          {{ $l.job }}{{ .Labels.x }}[{{ $l.none }}]            § jy[]
          {{ if eq .Value 2.5 }}1{{ else }}2{{ end }}           § 1
          {{ if lt .Value 2.0 }}1{{ else if true }}2{{ end }}   § 2
          {{ with $l.none }}1{{ else }}2{{ end }}               § 2
          {{ range $k, $v := $l }}{{ $k }}={{ $v }};{{ end }}   § job=j;x=y;
          {{ range query "q" | sortByLabel "i" }}{{ .Labels.i }}{{ .Value }} {{ end }}. § a1.5 b2 .
          {{ range query "none" }}x{{ else }}empty{{ end }}     § empty
          {{ $n := 1 }}{{ range query "q" }}{{ $n = 2 }}{{ end }}{{ $n }} § 2
          {{ range query "q" }}{{ .Value }}{{ break }}{{ end }} § 2
          {{ (query "q" | first).Value }}                       § 2
          {{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .Value }} § <2.5>
          {{ with args 1 "b" }}{{ .arg0 }}{{ .arg1 }}{{ end }}  § 1b
          {{ printf "[%5.1f|%-4s|%04d|%q|%v|%%" 2.25 "ab" 7 "q" true }} § [  2.2|ab  |0007|"q"|true|%
          {{ printf "%d" "x" }}                                 § %!d(string=x)
          {{ 0.0 | humanize }} {{ 12345.0 | humanize }} {{ 1e-5 | humanize }} § 0 12.35k 10u
          {{ 1048576.0 | humanize1024 }} {{ 90061.0 | humanizeDuration }} {{ -0.5 | humanizeDuration }} § 1Mi 1d 1h 1m 1s -500ms
          {{ "1.5" | humanizePercentage }}                      § 150%
          {{ pathPrefix }} {{ externalURL }}                    § /p http://h/p
          {{ stripPort "[::1]:80" }} {{ stripDomain "a.b.c:80" }} § ::1 a:80
          {{ "x" | html }}{{ "<a>" | html }}                    § x&lt;a&gt;
          {{ len $l }} {{ index $l "job" }} {{ slice "abc" 1 }} § 2 j bc
          {{/* nothing */}}x                                    § x
          {{ and .Value "" }}{{ or "" 0 "z" }}{{ not 0 }}       § ztrue
          """)
  void expands(String text, String result) {
    assertThat(expand(text.strip())).isEqualTo(result);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{{ nofunc }} | function \"nofunc\" not defined",
        "{{ .Value | unclosed action",
        "{{ if true }}x | unexpected EOF",
        "{{ end }} | unexpected {{end}}",
        "{{ \"a }} | unterminated quoted string",
        "{{ $nope }} | undefined variable: $nope",
        "{{ first (query \"none\") }} | error calling first: first() called on vector with no"
            + " elements",
        "{{ template \"t\" }} | template \"t\" not defined",
        "{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }} | exceeded maximum"
            + " template depth",
        "{{ break }} | {{break}} outside {{range}}",
        "{{ printf \"%9999d\" 1 }} | a width or precision of printf is too large"
      })
  void whatIsWrongIsSaid(String text, String message) {
    assertThatThrownBy(() -> expand(text))
        .isInstanceOf(TemplateException.class)
        .hasMessage(message);
  }

  @Test
  void deepNestingEnds() {
    assertThatThrownBy(() -> expand("{{" + "(".repeat(10_000) + "1" + ")".repeat(10_000) + "}}"))
        .isInstanceOf(TemplateException.class);
    assertThatThrownBy(() -> expand("{{ if true }}".repeat(10_000) + "{{ end }}".repeat(10_000)))
        .isInstanceOf(TemplateException.class);
  }
}
