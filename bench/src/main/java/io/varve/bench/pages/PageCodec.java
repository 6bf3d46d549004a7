package io.varve.bench.pages;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import java.util.List;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/** A general compressor with one setting, for one thread; the owner closes it. */
sealed interface PageCodec extends AutoCloseable {
  /** As it stands in the report. */
  String name();

  /** The page, compressed. */
  byte[] compress(byte[] page);

  /** Undoes {@link #compress}; returns the length of the page. */
  int decompress(byte[] packed, byte[] into);

  @Override
  default void close() {}

  /** All that are compared, the quickest first. */
  static List<PageCodec> all() {
    LZ4Factory lz4 = LZ4Factory.fastestInstance();
    return List.of(
        new Lz4("lz4", lz4.fastCompressor(), lz4.safeDecompressor()),
        new Lz4("lz4hc", lz4.highCompressor(), lz4.safeDecompressor()),
        Zstd.level(1),
        Zstd.level(3),
        Zstd.level(9));
  }

  /** LZ4, quick or thorough. */
  record Lz4(String name, LZ4Compressor compressor, LZ4SafeDecompressor decompressor)
      implements PageCodec {
    @Override
    public byte[] compress(byte[] page) {
      return compressor.compress(page);
    }

    @Override
    public int decompress(byte[] packed, byte[] into) {
      return decompressor.decompress(packed, 0, packed.length, into, 0);
    }
  }

  /** Zstandard of one level. */
  record Zstd(String name, ZstdCompressCtx compressor, ZstdDecompressCtx decompressor)
      implements PageCodec {
    static Zstd level(int level) {
      return new Zstd(
          "zstd-" + level, new ZstdCompressCtx().setLevel(level), new ZstdDecompressCtx());
    }

    @Override
    public byte[] compress(byte[] page) {
      return compressor.compress(page);
    }

    @Override
    public int decompress(byte[] packed, byte[] into) {
      return decompressor.decompressByteArray(into, 0, into.length, packed, 0, packed.length);
    }

    @Override
    public void close() {
      compressor.close();
      decompressor.close();
    }
  }
}
