import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.incubator.foreign.MemoryAccess;
import jdk.incubator.foreign.MemorySegment;
import jdk.incubator.foreign.ResourceScope;

/** Counts the lines of a mapped file, by the form that MemorySegment has in Java 17. */
final class CountLines17 {
  /** An inner loop over an int is what the compiler makes fast. */
  private static final long WINDOW = 1 << 24;

  public static void main(String[] arguments) throws Exception {
    Path path = Path.of(arguments[0]);
    long byteLength = Files.size(path);
    long lines = 0;
    try (ResourceScope scope = ResourceScope.newConfinedScope()) {
      MemorySegment file =
          MemorySegment.mapFile(path, 0, byteLength, FileChannel.MapMode.READ_ONLY, scope);
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
      if (MemoryAccess.getByteAtOffset(window, at) == '\n') lines++;
    }
    return lines;
  }
}
