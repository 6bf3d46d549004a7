package io.varve.ingest.cluster.raft;

import io.varve.ingest.cluster.Peer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.Channel;
import org.apache.ratis.thirdparty.io.grpc.ClientCall;
import org.apache.ratis.thirdparty.io.grpc.ClientInterceptor;
import org.apache.ratis.thirdparty.io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import org.apache.ratis.thirdparty.io.grpc.InternalConfigurator;
import org.apache.ratis.thirdparty.io.grpc.InternalConfiguratorRegistry;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Who may connect to Raft's port: whoever has a certificate of the cluster's, or knows its secret.
 *
 * <p>Every call carries a proof of the secret, made for the node that it goes to. It keeps
 * strangers and other clusters out; against those who can listen on the network there are
 * certificates.
 *
 * <p>Ratis lets a program put something before its server, but not behind its connections. So they
 * get the proof by way of what gRPC offers for all connections of a process; the gRPC that Ratis
 * brings along is used by nothing else.
 */
final class Security {
  private static final Metadata.Key<String> PROOF =
      Metadata.Key.of("varve-cluster-proof", Metadata.ASCII_STRING_MARSHALLER);

  /** What calls carry, by the address that they go to. */
  private static final Map<String, String> PROOFS = new ConcurrentHashMap<>();

  private static boolean isInstalled;

  private Security() {}

  static void apply(RaftSettings settings, Parameters parameters) {
    RaftSettings.Tls tls = settings.tls();
    if (tls != null) {
      GrpcTlsConfig config =
          new GrpcTlsConfig(
              tls.key().toFile(), tls.certificate().toFile(), tls.authorities().toFile(), true);
      GrpcConfigKeys.TLS.setConf(parameters, config);
    }
    String secret = settings.secret();
    if (secret == null) {
      return;
    }
    install();
    know(settings, settings.peers());
    ServerInterceptor check = new Check(proof(secret, settings.cluster(), settings.self()));
    GrpcConfigKeys.Server.setServicesCustomizer(
        parameters, (builder, types) -> builder.intercept(check));
  }

  /** Calls to these nodes carry what they ask for. */
  static void know(RaftSettings settings, List<Peer> peers) {
    String secret = settings.secret();
    if (secret != null) {
      for (Peer peer : peers) {
        PROOFS.put(peer.raft(), proof(secret, settings.cluster(), peer.id()));
      }
    }
  }

  private static String proof(String secret, String cluster, String node) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      mac.update(("raft\0" + cluster + "\0" + node).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(mac.doFinal());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HmacSHA256", e);
    }
  }

  private static synchronized void install() {
    if (!isInstalled) {
      InternalConfiguratorRegistry.setConfigurators(
          List.of(
              new InternalConfigurator() {
                @Override
                public void configureChannelBuilder(ManagedChannelBuilder<?> builder) {
                  builder.intercept(new Prove());
                }
              }));
      isInstalled = true;
    }
  }

  private static final class Prove implements ClientInterceptor {
    @Override
    public <A, B> ClientCall<A, B> interceptCall(
        MethodDescriptor<A, B> method, CallOptions options, Channel next) {
      ClientCall<A, B> call = next.newCall(method, options);
      String proof = PROOFS.get(next.authority());
      if (proof == null) {
        return call;
      }
      return new SimpleForwardingClientCall<>(call) {
        @Override
        public void start(Listener<B> listener, Metadata headers) {
          headers.put(PROOF, proof);
          super.start(listener, headers);
        }
      };
    }
  }

  private record Check(String expected) implements ServerInterceptor {
    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
        ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
      @Nullable String found = headers.get(PROOF);
      if (found != null
          && MessageDigest.isEqual(
              found.getBytes(StandardCharsets.US_ASCII),
              expected.getBytes(StandardCharsets.US_ASCII))) {
        return next.startCall(call, headers);
      }
      call.close(Status.UNAUTHENTICATED.withDescription("no node of this cluster"), new Metadata());
      return new ServerCall.Listener<>() {};
    }
  }
}
