import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Counts the lines of a mapped file, by the form that MemorySegment has from Java 22 on. */
final class CountLines22 {
  /** An inner loop over an int is what the compiler makes fast. */
  private static final long WINDOW = 1 << 24;

  public static void main(String[] arguments) throws Exception {
    long lines = 0;
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(Path.of(arguments[0]))) {
      long byteLength = channel.size();
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, byteLength, arena);
      for (long start = 0; start < byteLength; start += WINDOW) {
        lines += count(file.asSlice(start, Math.min(WINDOW, byteLength - start)));
      }
    }
    System.out.println(lines);
  }

  private static int count(MemorySegment window) {
    int lines = 0;
    int byteLength = (int) window.byteSize();
    for (int at = 0; at < byteLength; at++) {
      if (window.get(ValueLayout.JAVA_BYTE, at) == '\n') lines++;
    }
    return lines;
  }
}
