package io.varve.retention.chunkstore;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects in a bucket of an object store that speaks S3. Large ones are sent in parts, of which
 * nothing is left when one fails. Checksums that not every such store knows are not asked for:
 * whoever stores an object proves what it reads.
 */
public final class S3ChunkStore implements ChunkStore {
  private static final System.Logger LOG = System.getLogger(S3ChunkStore.class.getName());
  private static final int ATTEMPTS = 5;
  private static final long PART_BYTES = 8L << 20;
  private static final int PAGE_KEYS = 1_000;
  private static final int MOST_PARTS = 10_000;
  private static final String CONTENT_TYPE = "application/octet-stream";
  private static final int BEHIND_THE_END = 416;

  /** A connection that takes less does not count as one that works. */
  private static final int LEAST_BYTES_PER_SECOND = 32 << 10;

  private final S3Settings settings;
  private final S3Client client;
  private final long partBytes;
  private final int pageKeys;
  private final AtomicLong retries = new AtomicLong();

  /** Asks nothing yet. */
  public S3ChunkStore(S3Settings settings) {
    this(settings, PART_BYTES, PAGE_KEYS);
  }

  /**
   * The same.
   *
   * @param partBytes what is larger is sent in parts of so many bytes or more
   * @param pageKeys how many names are asked for at a time
   */
  S3ChunkStore(S3Settings settings, long partBytes, int pageKeys) {
    this.settings = settings;
    this.partBytes = partBytes;
    this.pageKeys = pageKeys;
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(settings.timeout())
                    .socketTimeout(settings.timeout()))
            .region(region(settings))
            .forcePathStyle(settings.pathStyle())
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .overrideConfiguration(
                override ->
                    override
                        .apiCallAttemptTimeout(attempt(0))
                        .retryStrategy(
                            AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                .maxAttempts(ATTEMPTS)
                                .build())
                        .addExecutionInterceptor(new Repeats()));
    if (settings.endpoint() != null) {
      builder.endpointOverride(URI.create(settings.endpoint()));
    }
    if (settings.accessKey().isEmpty()) {
      builder.credentialsProvider(DefaultCredentialsProvider.builder().build());
    } else {
      builder.credentialsProvider(
          StaticCredentialsProvider.create(
              AwsBasicCredentials.create(settings.accessKey(), settings.secretKey())));
    }
    client = builder.build();
  }

  private static Region region(S3Settings settings) {
    if (!settings.region().isEmpty()) {
      return Region.of(settings.region());
    }
    try {
      Region told = DefaultAwsRegionProviderChain.builder().build().getRegion();
      return told == null ? Region.US_EAST_1 : told;
    } catch (SdkException e) {
      LOG.log(System.Logger.Level.DEBUG, "nobody names a region", e);
      return Region.US_EAST_1;
    }
  }

  /** Tells of requests that are sent once more. */
  private final class Repeats implements ExecutionInterceptor {
    private static final ExecutionAttribute<Integer> SENT = new ExecutionAttribute<>("varve-sent");

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      Integer before = attributes.getAttribute(SENT);
      int sent = before == null ? 0 : before;
      attributes.putAttribute(SENT, sent + 1);
      if (sent > 0) {
        retries.incrementAndGet();
        LOG.log(
            System.Logger.Level.WARNING,
            place()
                + ": "
                + context.httpRequest().method()
                + " "
                + context.httpRequest().encodedPath()
                + " is sent for the "
                + (sent + 1)
                + ". time");
      }
    }
  }

  /**
   * How long one attempt at a request may take that sends so many bytes. The socket's time-out ends
   * waiting for an answer, but not sending to someone who does not read.
   */
  private Duration attempt(long bytes) {
    return settings.timeout().multipliedBy(2).plusSeconds(bytes / LEAST_BYTES_PER_SECOND);
  }

  private String key(String name) {
    ChunkStore.checkedName(name);
    return settings.prefix().isEmpty() ? name : settings.prefix() + "/" + name;
  }

  @Override
  public void put(String name, Source source) throws IOException {
    String key = key(name);
    long bytes = source.bytes();
    try {
      if (bytes > partBytes) {
        putParts(name, key, source, bytes);
      } else {
        // The whole of it, so that a source of another size is noticed before it is sent.
        byte[] content;
        try (InputStream in = source.open()) {
          content = in.readNBytes((int) bytes + 1);
        }
        if (content.length != bytes) {
          throw otherSize(name, bytes);
        }
        client.putObject(
            request ->
                request
                    .bucket(settings.bucket())
                    .key(key)
                    .contentType(CONTENT_TYPE)
                    .overrideConfiguration(o -> o.apiCallAttemptTimeout(attempt(bytes))),
            RequestBody.fromBytes(content));
      }
    } catch (SdkException e) {
      throw failure(name, e);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static IOException otherSize(String name, long bytes) {
    return new IOException(name + " is not of " + bytes + " bytes, as its source says");
  }

  /** Part after part through memory: what fails is sent once more from there. */
  private void putParts(String name, String key, Source source, long bytes) throws IOException {
    int size = Math.toIntExact(Math.max(partBytes, (bytes + MOST_PARTS - 1) / MOST_PARTS));
    String upload =
        client
            .createMultipartUpload(
                request -> request.bucket(settings.bucket()).key(key).contentType(CONTENT_TYPE))
            .uploadId();
    boolean done = false;
    try (InputStream in = source.open()) {
      List<CompletedPart> parts = new ArrayList<>();
      long sent = 0;
      for (byte[] part = in.readNBytes(size); part.length > 0; part = in.readNBytes(size)) {
        int number = parts.size() + 1;
        sent += part.length;
        if (sent > bytes) {
          throw otherSize(name, bytes);
        }
        String tag =
            client
                .uploadPart(
                    request ->
                        request
                            .bucket(settings.bucket())
                            .key(key)
                            .uploadId(upload)
                            .partNumber(number)
                            .overrideConfiguration(o -> o.apiCallAttemptTimeout(attempt(size))),
                    RequestBody.fromBytes(part))
                .eTag();
        parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
      }
      if (sent != bytes) {
        throw otherSize(name, bytes);
      }
      client.completeMultipartUpload(
          request ->
              request
                  .bucket(settings.bucket())
                  .key(key)
                  .uploadId(upload)
                  .multipartUpload(all -> all.parts(parts)));
      done = true;
    } finally {
      if (!done) {
        abort(key, upload);
      }
    }
  }

  private void abort(String key, String upload) {
    try {
      client.abortMultipartUpload(
          request -> request.bucket(settings.bucket()).key(key).uploadId(upload));
    } catch (SdkException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          place() + ": parts of " + key + " may be left over: " + e.getMessage());
    }
  }

  @Override
  public InputStream get(String name, long offset, long length) throws IOException {
    String key = key(name);
    if (length <= 0) {
      return InputStream.nullInputStream();
    }
    String end = length > Long.MAX_VALUE - offset ? "" : Long.toString(offset + length - 1);
    boolean whole = offset == 0 && end.isEmpty();
    try {
      return new Body(
          client.getObject(
              request -> {
                request.bucket(settings.bucket()).key(key);
                if (!whole) {
                  request.range("bytes=" + offset + "-" + end);
                }
              }),
          name);
    } catch (NoSuchKeyException e) {
      throw new NoSuchFileException(name);
    } catch (S3Exception e) {
      if (e.statusCode() == BEHIND_THE_END) {
        return InputStream.nullInputStream();
      }
      throw failure(name, e);
    } catch (SdkException e) {
      throw failure(name, e);
    }
  }

  /** The bytes of an object; what the SDK throws while they are read becomes an IOException. */
  private final class Body extends FilterInputStream {
    private final String name;

    Body(InputStream in, String name) {
      super(in);
      this.name = name;
    }

    @Override
    public int read() throws IOException {
      try {
        return in.read();
      } catch (SdkException e) {
        throw failure(name, e);
      }
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      try {
        return in.read(into, offset, length);
      } catch (SdkException e) {
        throw failure(name, e);
      }
    }
  }

  @Override
  public List<Item> list(String prefix) throws IOException {
    String base = settings.prefix().isEmpty() ? "" : settings.prefix() + "/";
    List<Item> items = new ArrayList<>();
    try {
      for (S3Object object :
          client
              .listObjectsV2Paginator(
                  request ->
                      request.bucket(settings.bucket()).prefix(base + prefix).maxKeys(pageKeys))
              .contents()) {
        String name = object.key().substring(base.length());
        if (NAME.matcher(name).matches()) {
          items.add(new Item(name, object.size()));
        }
      }
    } catch (SdkException e) {
      throw failure(prefix + "…", e);
    }
    items.sort(Comparator.comparing(Item::name)); // not every store keeps to the order
    return items;
  }

  @Override
  public void delete(String name) throws IOException {
    String key = key(name);
    try {
      client.deleteObject(request -> request.bucket(settings.bucket()).key(key));
    } catch (NoSuchKeyException e) {
      return; // some stores say so
    } catch (SdkException e) {
      throw failure(name, e);
    }
  }

  private IOException failure(String name, SdkException cause) {
    String message = String.valueOf(cause.getMessage());
    // Which lists every place where the SDK has looked for some, with class names.
    String why =
        message.contains("AwsCredentialsProviderChain(")
            ? "no credentials: set backup.access_key and backup.secret_key_file, or"
                + " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            : message;
    return new IOException(place() + ": " + name + ": " + why, cause);
  }

  @Override
  public String place() {
    return settings.toString();
  }

  @Override
  public long retries() {
    return retries.get();
  }

  @Override
  public void close() {
    client.close();
  }
}
