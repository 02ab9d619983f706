// Runs a fuzz target on each file named on the command line, and on every prefix of it: the corpus
// as a plain test.  With clang, link the target with -fsanitize=fuzzer instead of this.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "no corpus\n");
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot open %s\n", argv[i]);
      return 1;
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (size_t size = 0; size <= text.size(); ++size) {
      // A copy of just this size: a sanitizer sees the first byte read beyond it.
      const std::string prefix = text.substr(0, size);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(prefix.data()), prefix.size());
    }
  }
  return 0;
}
