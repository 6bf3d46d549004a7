package io.varve.ingest.otlp;

import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.resource.v1.Resource;
import io.varve.engine.model.Labels;
import io.varve.ingest.intake.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts the labels of series together: attributes of the data point; promoted ones of the resource,
 * unless the point has them; {@code job} and {@code instance} from the service that the resource
 * names; the scope; type and unit; and last the name and what a bucket or quantile is told apart
 * by. Each of these overrules those before it, promoted attributes excepted. Not thread-safe.
 */
final class SeriesLabels {
  static final String TARGET_INFO = "target_info";

  private static final String JOB = "job";
  private static final String INSTANCE = "instance";
  private static final String SERVICE_NAME = "service.name";
  private static final String SERVICE_NAMESPACE = "service.namespace";
  private static final String SERVICE_INSTANCE = "service.instance.id";
  private static final Set<String> IDENTIFYING =
      Set.of(SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE);
  private static final String SCOPE = "otel_scope_";

  /** Attributes of one thing, in relation to the labels that a series may have. */
  private static final int MOST_ATTRIBUTES_PER_LABEL = 4;

  private final OtlpSettings settings;
  private final int mostLabels;
  private final int mostBytes;
  private final LabelNames names;
  private final LabelSet promoted = new LabelSet();
  private final LabelSet scope = new LabelSet();
  private final LabelSet point = new LabelSet();
  private final LabelSet series = new LabelSet();
  private List<KeyValue> resourceAttributes = List.of();
  private String job = "";
  private String instance = "";
  private String type = "";
  private String unit = "";

  /**
   * Labels within limits: what is over them cannot be stored anyway, and may not take long to be
   * put together.
   *
   * @param mostLabels labels of a series
   * @param mostBytes bytes of its labels
   */
  SeriesLabels(OtlpSettings settings, int mostLabels, int mostBytes) {
    this.settings = settings;
    this.mostLabels = mostLabels;
    this.mostBytes = mostBytes;
    this.names = new LabelNames(settings);
  }

  /** Begins a resource. */
  void resource(Resource resource) {
    resourceAttributes = resource.getAttributesList();
    checkCount("the resource", resourceAttributes.size());
    job = "";
    instance = "";
    @Nullable String namespace = null;
    @Nullable String service = null;
    promoted.clear();
    for (KeyValue attribute : resourceAttributes) {
      String key = attribute.getKey();
      switch (key) {
        case SERVICE_NAME ->
            service = service == null ? AttributeText.of(attribute.getValue()) : service;
        case SERVICE_NAMESPACE ->
            namespace = namespace == null ? AttributeText.of(attribute.getValue()) : namespace;
        case SERVICE_INSTANCE ->
            instance = instance.isEmpty() ? AttributeText.of(attribute.getValue()) : instance;
        default -> {}
      }
      if (settings.promotes(key)) {
        promoted.set(names.of(key), AttributeText.of(attribute.getValue()));
      }
    }
    if (service != null) {
      job = namespace == null ? service : namespace + "/" + service;
    }
  }

  /** Begins a scope of the resource. */
  void scope(ScopeMetrics metrics) {
    scope.clear();
    if (!settings.promoteScope() || metrics.getScope().getName().isEmpty()) {
      return;
    }
    checkCount("the scope", metrics.getScope().getAttributesCount());
    for (KeyValue attribute : metrics.getScope().getAttributesList()) {
      scope.set(names.of(SCOPE + attribute.getKey()), AttributeText.of(attribute.getValue()));
    }
    scope.set(SCOPE + "name", metrics.getScope().getName());
    scope.set(SCOPE + "version", metrics.getScope().getVersion());
    scope.set(SCOPE + "schema_url", metrics.getSchemaUrl());
  }

  /** Begins a metric of the scope. */
  void metric(String metricType, String metricUnit) {
    if (settings.typeAndUnitLabels()) {
      type = metricType.equals("unknown") ? "" : metricType;
      unit = MetricNames.unit(metricUnit, settings.strategy().escapes());
    }
  }

  /** Begins a data point of the metric. */
  void point(List<KeyValue> attributes) {
    checkCount("a data point", attributes.size());
    point.clear();
    add(attributes, false, point);
    for (int i = 0; i < promoted.size(); i++) {
      point.setIfAbsent(promoted.name(i), promoted.value(i));
    }
    identify(point);
    for (int i = 0; i < scope.size(); i++) {
      point.set(scope.name(i), scope.value(i));
    }
    if (!type.isEmpty()) {
      point.set("__type__", type);
    }
    if (!unit.isEmpty()) {
      point.set("__unit__", unit);
    }
    checkLength("a data point", point);
  }

  private void checkCount(String what, int attributes) {
    int most = MOST_ATTRIBUTES_PER_LABEL * mostLabels;
    if (attributes > most) {
      throw new UntranslatableException(
          Reason.LABEL_LIMIT,
          "label_limit exceeded ("
              + what
              + " has "
              + attributes
              + " attributes, limit: "
              + most
              + ")");
    }
  }

  private void checkLength(String what, LabelSet set) {
    long length = 0;
    for (int i = 0; i < set.size(); i++) {
      length += set.name(i).length() + (long) set.value(i).length();
    }
    if (length > mostBytes) {
      throw tooLong(what, length);
    }
  }

  private UntranslatableException tooLong(String what, long length) {
    return new UntranslatableException(
        Reason.LABEL_LIMIT,
        "label_set_length_limit exceeded ("
            + what
            + " has labels of length: "
            + length
            + ", limit: "
            + mostBytes
            + ")");
  }

  private void identify(LabelSet set) {
    if (!job.isEmpty()) {
      set.set(JOB, job);
    }
    if (!instance.isEmpty()) {
      set.set(INSTANCE, instance);
    }
  }

  /**
   * Adds attributes to an empty set; those whose names become the same are joined in the order of
   * their own names.
   */
  private void add(List<KeyValue> attributes, boolean withoutIdentifying, LabelSet to) {
    if (addDistinct(attributes, withoutIdentifying, to)) {
      return;
    }
    to.clear();
    List<KeyValue> sorted = new ArrayList<>(attributes);
    sorted.sort(Comparator.comparing(KeyValue::getKey, Labels::compareUtf8));
    for (KeyValue attribute : sorted) {
      if (isLeftOut(attribute.getKey(), withoutIdentifying)) {
        continue;
      }
      String name = names.of(attribute.getKey());
      String value = AttributeText.of(attribute.getValue());
      String before = to.get(name);
      long length = before.length() + (long) value.length();
      if (length > mostBytes) {
        throw tooLong("an attribute", length);
      }
      to.set(name, before.isEmpty() ? value : before + ";" + value);
    }
  }

  /** Adds attributes in the order in which they came; false if two names become the same. */
  private boolean addDistinct(List<KeyValue> attributes, boolean withoutIdentifying, LabelSet to) {
    for (int i = 0; i < attributes.size(); i++) {
      KeyValue attribute = attributes.get(i);
      String key = attribute.getKey();
      if (isLeftOut(key, withoutIdentifying)) {
        continue;
      }
      String value = AttributeText.of(attribute.getValue());
      if (value.isEmpty() || !to.setIfAbsent(names.of(key), value)) {
        return false; // an empty value may be one of several to be joined
      }
    }
    return true;
  }

  private static boolean isLeftOut(String key, boolean withoutIdentifying) {
    return key.equals(Labels.METRIC_NAME) || (withoutIdentifying && IDENTIFYING.contains(key));
  }

  /** The labels of a series of the data point; valid until the next call. */
  LabelSet of(String name) {
    series.copyFrom(point);
    series.set(Labels.METRIC_NAME, name);
    return series;
  }

  /** The same with one more label. */
  LabelSet of(String name, String label, String value) {
    of(name).set(label, value);
    return series;
  }

  /**
   * The labels of the resource's {@code target_info}; none if the resource has nothing to tell that
   * is not in {@code job} and {@code instance}, or neither of the two.
   */
  LabelSet targetInfo() {
    series.clear();
    boolean more = false;
    for (KeyValue attribute : resourceAttributes) {
      more |= !IDENTIFYING.contains(attribute.getKey());
    }
    if (!more) {
      return series;
    }
    add(resourceAttributes, !settings.keepIdentifying(), series);
    identify(series);
    if (series.get(JOB).isEmpty() && series.get(INSTANCE).isEmpty()) {
      series.clear();
      return series;
    }
    series.set(Labels.METRIC_NAME, TARGET_INFO);
    return series;
  }
}
