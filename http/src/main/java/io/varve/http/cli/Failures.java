package io.varve.http.cli;

import io.varve.engine.format.CorruptDataException;
import io.varve.http.config.ConfigException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** What a command that failed says, and the exit code that goes with it. */
final class Failures {
  static final int FAILED = 1;
  static final int NOT_UNDERSTOOD = 2;

  private Failures() {}

  /**
   * Tells the operator what is wrong and returns the exit code.
   *
   * @throws Exception the failure itself, if it is none that an operator can do something about
   */
  static int explain(Exception failure) throws Exception {
    switch (failure) {
      case ConfigException e -> {
        System.err.println("varve: " + e.getMessage());
        return NOT_UNDERSTOOD;
      }
      case NoSuchFileException e -> System.err.println("varve: there is no " + e.getMessage());
      case FileSystemException e -> System.err.println("varve: " + text(e));
      case CharacterCodingException e ->
          System.err.println("varve: a file, or standard input, is not UTF-8 text");
      case IOException e -> System.err.println("varve: " + e.getMessage());
      case CorruptDataException e -> System.err.println("varve: " + e.getMessage());
      default -> throw failure;
    }
    return FAILED;
  }

  /** Why a file was not opened, without its name, in the words of the system. */
  static String whyNotOpened(IOException failure) {
    return switch (failure) {
      case NoSuchFileException e -> "no such file or directory";
      case AccessDeniedException e -> "permission denied";
      case CharacterCodingException e -> "not UTF-8 text";
      default -> String.valueOf(failure.getMessage());
    };
  }

  /** Most messages of the file system are a path and nothing more. */
  static String text(FileSystemException failure) {
    String file = failure.getFile() == null ? "" : failure.getFile();
    return switch (failure) {
      case AccessDeniedException e -> file + ": permission denied";
      case FileAlreadyExistsException e -> file + " is there already, and is no folder";
      case NotDirectoryException e -> file + " is no folder";
      default ->
          failure.getReason() == null && file.equals(failure.getMessage())
              ? file + ": " + failure.getClass().getSimpleName()
              : String.valueOf(failure.getMessage());
    };
  }
}
