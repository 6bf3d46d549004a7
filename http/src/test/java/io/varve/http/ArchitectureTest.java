package io.varve.http;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;
import java.util.TreeSet;

/**
 * The plan of the house. Layers fall, siblings never meet: think hard before a rule here is
 * changed, since what it keeps apart is what lets a reader, or a change, stay in one room.
 */
@AnalyzeClasses(packages = "io.varve", importOptions = ArchitectureTest.NoTests.class)
final class ArchitectureTest {
  private static final String ENGINE = "io.varve.engine";

  /** http → {ingest, query, retention} → engine. */
  @ArchTest
  static final ArchRule the_engine_knows_nobody_above =
      noClasses()
          .that()
          .resideInAPackage("io.varve.engine..")
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.varve..").and(not(resideInAPackage("io.varve.engine.."))));

  @ArchTest static final ArchRule ingest_knows_the_engine_only = middle("ingest");

  @ArchTest static final ArchRule query_knows_the_engine_only = middle("query");

  @ArchTest static final ArchRule retention_knows_the_engine_only = middle("retention");

  private static ArchRule middle(String module) {
    return noClasses()
        .that()
        .resideInAPackage("io.varve." + module + "..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.varve..")
                .and(not(resideInAnyPackage("io.varve.engine..", "io.varve." + module + ".."))))
        .allowEmptyShould(true)
        .because("middle modules do not know each other; http alone wires them together");
  }

  /**
   * Inside the engine: root → {head, partition} → {codec, index}; root → log ← wal; all → format →
   * io.
   */
  @ArchTest static final ArchRule io_is_the_ground = inside("io", "io");

  @ArchTest static final ArchRule format_stands_on_io = inside("format", "format", "io");

  @ArchTest static final ArchRule model_stands_on_format = inside("model", "model", "format", "io");

  @ArchTest
  static final ArchRule codec_is_a_function_over_memory =
      inside("codec", "codec", "model", "format");

  @ArchTest
  static final ArchRule index_knows_no_samples = inside("index", "index", "model", "format", "io");

  @ArchTest
  static final ArchRule log_is_an_interface = inside("log", "log", "model", "format", "io");

  @ArchTest
  static final ArchRule wal_knows_only_the_log = inside("wal", "wal", "log", "format", "io");

  @ArchTest
  static final ArchRule head_knows_neither_partition_nor_wal =
      inside("head", "head", "codec", "index", "model", "format", "io");

  @ArchTest
  static final ArchRule partition_knows_neither_head_nor_wal =
      inside("partition", "partition", "codec", "index", "model", "format", "io");

  @ArchTest
  static final ArchRule policy_is_a_function_of_labels =
      inside("policy", "policy", "model", "format");

  private static ArchRule inside(String room, String... known) {
    String[] packages = new String[known.length];
    for (int i = 0; i < known.length; i++) {
      packages[i] = ENGINE + "." + known[i];
    }
    return noClasses()
        .that()
        .resideInAPackage(ENGINE + "." + room)
        .should()
        .dependOnClassesThat(resideInAPackage("io.varve..").and(not(resideInAnyPackage(packages))));
  }

  @ArchTest
  static final ArchRule only_io_touches_files =
      noClasses()
          .that()
          .resideInAPackage("io.varve.engine..")
          .and()
          .resideOutsideOfPackage(ENGINE + ".io")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.nio.file.Files")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.nio.channels.FileChannel")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.io.RandomAccessFile")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.io.FileOutputStream")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.io.FileInputStream")
          .because("tests put a file system in its place that loses power");

  @ArchTest
  static final ArchRule only_net_knows_undertow =
      noClasses()
          .that()
          .resideInAPackage("io.varve..")
          .and()
          .resideOutsideOfPackage("io.varve.http.net")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.undertow..", "org.xnio..");

  @ArchTest
  static final ArchRule libraries_log_through_the_platform =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.varve.engine..", "io.varve.ingest..", "io.varve.query..", "io.varve.retention..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.slf4j..", "ch.qos.logback..", "java.util.logging..");

  @ArchTest
  static final ArchRule rooms_of_the_server_have_no_circles =
      slices().matching("io.varve.http.(*)..").should().beFreeOfCycles();

  /** Tests may look into every room; were they among the classes, many rules would fail at once. */
  @ArchTest
  static void the_rules_see_the_program_and_not_its_tests(JavaClasses classes) {
    assertThat(classes.contain("io.varve.engine.Engine")).isTrue();
    assertThat(classes.contain("io.varve.query.QueryEngine")).isTrue();
    assertThat(classes.contain("io.varve.http.Server")).isTrue();
    assertThat(classes.contain("io.varve.engine.Seeds")).as("from the engine's test jar").isFalse();
    assertThat(classes.contain(ArchitectureTest.class)).isFalse();
  }

  @ArchTest
  static void every_package_is_null_marked(JavaClasses classes) {
    Set<String> unmarked = new TreeSet<>();
    for (JavaClass one : classes) {
      if (!one.getPackage().isAnnotatedWith("org.jspecify.annotations.NullMarked")) {
        unmarked.add(one.getPackageName());
      }
    }
    assertThat(unmarked).isEmpty();
  }

  /** The program without its tests, whether in folders or in jars. */
  static final class NoTests implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("-tests.jar")
          && new ImportOption.DoNotIncludeTests().includes(location);
    }
  }
}
