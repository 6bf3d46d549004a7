package io.varve.http.config;

import java.nio.file.Path;
import java.util.Locale;

/**
 * How requests to others are made: what they say who they are from, and what is asked of the
 * connection.
 *
 * @param userName for basic authentication; none for another kind or none at all
 * @param password of that user
 * @param scheme of the credentials, such as Bearer
 * @param credentials what is sent after the scheme; none for none
 * @param followRedirects whether an answer may send a request to another place
 * @param http2 whether HTTP/2 is spoken with those who do
 */
public record ClientConfig(
    Secret userName,
    Secret password,
    String scheme,
    Secret credentials,
    TlsConfig tls,
    boolean followRedirects,
    boolean http2) {
  private static final String BEARER = "Bearer";
  private static final String BASIC_AUTH = "basic_auth";
  private static final String AUTHORIZATION = "authorization";
  private static final String BEARER_TOKEN = "bearer_token";

  /** What holds when nothing is said. */
  public static final ClientConfig DEFAULT =
      new ClientConfig(
          Secret.NONE, Secret.NONE, BEARER, Secret.NONE, TlsConfig.DEFAULT, true, true);

  /** Reads the settings of clients among others of a section. */
  static ClientConfig read(Settings in) {
    Settings basic = in.section(BASIC_AUTH);
    Secret user = Secret.read(basic, "username");
    Secret password = Secret.read(basic, "password");
    basic.done();
    Settings authorization = in.section(AUTHORIZATION);
    String type = authorization.anyText("type", BEARER).strip();
    Secret credentials = Secret.read(authorization, "credentials");
    authorization.done();
    Secret token = Secret.read(in, BEARER_TOKEN);
    if (type.toLowerCase(Locale.ROOT).equals("basic")) {
      throw authorization.wrong("type", "basic goes by " + BASIC_AUTH);
    }
    int kinds = 0;
    for (String key : new String[] {BASIC_AUTH, AUTHORIZATION}) {
      kinds += in.has(key) ? 1 : 0;
    }
    if (kinds + (token.isNone() ? 0 : 1) > 1) {
      throw in.wrong(
          "only one of " + BASIC_AUTH + ", " + AUTHORIZATION + " and bearer_token may be there");
    }
    if (in.has(BASIC_AUTH) && user.isNone()) {
      throw basic.wrong("needs a username");
    }
    return new ClientConfig(
        user,
        password,
        type.isEmpty() ? BEARER : type,
        token.isNone() ? credentials : token,
        TlsConfig.read(in.section("tls_config")),
        in.flag("follow_redirects", true),
        in.flag("enable_http2", true));
  }

  ClientConfig from(Path folder) {
    return new ClientConfig(
        userName.from(folder),
        password.from(folder),
        scheme,
        credentials.from(folder),
        tls.from(folder),
        followRedirects,
        http2);
  }

  void write(FlowText to) {
    FlowText basic = new FlowText();
    userName.write(basic, "username");
    password.write(basic, "password");
    FlowText authorization = new FlowText();
    credentials.write(authorization, "credentials");
    if (!credentials.isNone()) {
      authorization.text("type", scheme, BEARER);
    }
    to.put(BASIC_AUTH, basic.toString())
        .put(AUTHORIZATION, authorization.toString())
        .put("tls_config", tls.text())
        .flag("follow_redirects", followRedirects, true)
        .flag("enable_http2", http2, true);
  }
}
