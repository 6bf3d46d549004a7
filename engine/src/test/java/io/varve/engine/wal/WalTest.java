package io.varve.engine.wal;

import io.varve.engine.io.RealFileSystem;
import io.varve.engine.log.ShardLog;
import io.varve.engine.log.ShardLogContract;
import java.io.IOException;
import java.nio.file.Path;

/** The local log keeps the contract on a real disk. */
final class WalTest extends ShardLogContract {
  @Override
  protected ShardLog open(Path folder) throws IOException {
    return Wal.open(RealFileSystem.INSTANCE, folder.resolve("wal"), "wal", 0x1122334455667788L);
  }
}
