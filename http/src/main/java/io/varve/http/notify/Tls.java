package io.varve.http.notify;

import io.varve.http.config.ClusterConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.Secret;
import io.varve.http.config.TlsConfig;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Makes of the settings of TLS what a client needs, and the nodes of a cluster. */
public final class Tls {
  private static final int DNS_NAME = 2;
  private static final int ADDRESS = 7;

  private Tls() {}

  /**
   * Who nodes of a cluster trust, and what they show of themselves, as clients and as servers.
   *
   * @throws ConfigException if certificates or keys cannot be read
   */
  public static SSLContext ofCluster(ClusterConfig.Tls config) {
    try {
      return context(
          new TlsConfig(
              new Secret("", config.authorities()),
              new Secret("", config.certificate()),
              new Secret("", config.key()),
              "",
              false,
              TlsConfig.DEFAULT.oldest(),
              TlsConfig.DEFAULT.newest()));
    } catch (IOException e) {
      throw new ConfigException("cluster.tls: " + e.getMessage());
    }
  }

  /** The versions that nodes of a cluster speak. */
  public static SSLParameters ofCluster() {
    return parameters(TlsConfig.DEFAULT);
  }

  /** The versions that are spoken. */
  static SSLParameters parameters(TlsConfig config) {
    SSLParameters parameters = new SSLParameters();
    parameters.setProtocols(
        IntStream.rangeClosed(config.oldest(), config.newest())
            .mapToObj(version -> version == 10 ? "TLSv1" : "TLSv1." + (version - 10))
            .toArray(String[]::new));
    return parameters;
  }

  /**
   * Who is trusted, and what the client shows of itself.
   *
   * @throws IOException if certificates or keys cannot be read
   */
  static SSLContext context(TlsConfig config) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys(config), trust(config), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("the settings of TLS do not fit: " + e.getMessage(), e);
    }
  }

  private static KeyManager @Nullable [] keys(TlsConfig config)
      throws IOException, GeneralSecurityException {
    if (config.certificate().isNone()) {
      return null;
    }
    Certificate[] chain = certificates(config.certificate(), "cert").toArray(Certificate[]::new);
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    char[] password = new char[0];
    try {
      store.setKeyEntry("client", PemKey.read(config.key().text()), password, chain);
    } catch (IOException e) {
      throw new IOException(named(config.key(), "key") + ": " + e.getMessage(), e);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, password);
    return keys.getKeyManagers();
  }

  private static TrustManager @Nullable [] trust(TlsConfig config)
      throws IOException, GeneralSecurityException {
    if (config.insecure()) {
      return new TrustManager[] {new Anybody()};
    }
    if (config.authorities().isNone() && config.serverName().isEmpty()) {
      return null;
    }
    KeyStore store = null;
    if (!config.authorities().isNone()) {
      store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int n = 0;
      for (Certificate one : certificates(config.authorities(), "ca")) {
        store.setCertificateEntry("ca-" + n++, one);
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    TrustManager[] managers = factory.getTrustManagers();
    if (!config.serverName().isEmpty()) {
      for (int i = 0; i < managers.length; i++) {
        if (managers[i] instanceof X509TrustManager chains) {
          managers[i] = new Named(chains, config.serverName());
        }
      }
    }
    return managers;
  }

  private static Collection<? extends Certificate> certificates(Secret text, String key)
      throws IOException {
    try {
      Collection<? extends Certificate> all =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(text.text().getBytes(StandardCharsets.UTF_8)));
      if (all.isEmpty()) {
        throw new IOException(named(text, key) + " has no certificate");
      }
      return all;
    } catch (CertificateException e) {
      throw new IOException(
          named(text, key) + " cannot be read as certificates: " + e.getMessage(), e);
    }
  }

  private static String named(Secret text, String key) {
    return text.file().isEmpty() ? key : text.file();
  }

  /** Trusts every server. */
  private static final class Anybody extends Checks {
    @Override
    void check(X509Certificate[] chain, String kind) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  /** Trusts servers whose certificates are for one name, whatever host was asked for. */
  private static final class Named extends Checks {
    private final X509TrustManager chains;
    private final String name;

    Named(X509TrustManager chains, String name) {
      this.chains = chains;
      this.name = name.toLowerCase(Locale.ROOT);
    }

    @Override
    void check(X509Certificate[] chain, String kind) throws CertificateException {
      chains.checkServerTrusted(chain, kind);
      Collection<List<?>> names = chain[0].getSubjectAlternativeNames();
      for (List<?> one : names == null ? List.<List<?>>of() : names) {
        int type = one.get(0) instanceof Integer number ? number : -1;
        String text = String.valueOf(one.get(1)).toLowerCase(Locale.ROOT);
        if ((type == DNS_NAME && covers(text)) || (type == ADDRESS && text.equals(name))) {
          return;
        }
      }
      throw new CertificateException("the certificate is not for " + name);
    }

    /** A star stands for the first part of a name. */
    private boolean covers(String pattern) {
      int dot = name.indexOf('.');
      return pattern.equals(name)
          || (pattern.startsWith("*.")
              && dot > 0
              && pattern.substring(1).equals(name.substring(dot)));
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return chains.getAcceptedIssuers();
    }
  }

  /** One check of servers in place of the many ways in which it is asked for. */
  private abstract static class Checks extends X509ExtendedTrustManager {
    abstract void check(X509Certificate[] chain, String kind) throws CertificateException;

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind)
        throws CertificateException {
      check(chain, kind);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, Socket socket)
        throws CertificateException {
      check(chain, kind);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine engine)
        throws CertificateException {
      check(chain, kind);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind)
        throws CertificateException {
      throw new CertificateException("this side is the client");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, Socket socket)
        throws CertificateException {
      checkClientTrusted(chain, kind);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine engine)
        throws CertificateException {
      checkClientTrusted(chain, kind);
    }
  }
}
