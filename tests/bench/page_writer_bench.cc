// How fast pages go from a process into a page file:
//   page_writer_bench DIRECTORY [MIB] [PASSES]
// Prints reading alone (process_vm_readv into hot buffers), writing alone, and both together.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/image/disk_file.h"
#include "supervisor/image/page_file_writer.h"
#include "supervisor/transport/read_memory.h"
#include "tests/testing/forked_tracee.h"

namespace tardigrade {
namespace {

// Takes what is read and does nothing with it.
class NullWriter final : public PageFileWriter {
 public:
  Status Write(std::span<const std::byte>, std::span<const PagePiece>) override { return Ok(); }
  Status Refer(uint64_t, uint64_t, uint32_t) override { return Ok(); }
  Status Close() override { return Ok(); }
};

void Check(const Status& status) {
  if (status.has_value()) return;
  std::fprintf(stderr, "%s\n", status.error().ToString().c_str());
  std::exit(1);
}

std::unique_ptr<PageFileWriter> MakeWriter(const std::string& dir) {
  const int flags = O_RDWR | O_CREAT | O_TRUNC;
  (void)unlink((dir + "/pages").c_str());
  return CreatePageFile(MakeDiskFile(OpenFile(dir + "/pages", flags, 0600).value()),
                        MakeDiskFile(OpenFile(dir + "/pagemap", flags, 0600).value()),
                        [](const PageFileSummary&) {});
}

void Measure(const char* what, uint64_t bytes, const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%-18s %7.1f ms %6.2f GiB/s\n", what, took.count() * 1e3,
              static_cast<double>(bytes) / took.count() / (1 << 30));
}

void WriteAlone(const std::string& dir, uint64_t bytes) {
  const auto writer = MakeWriter(dir);
  const std::vector<std::byte> buffer(PageFileWriter::kBufferBytes, std::byte{1});
  for (uint64_t done = 0; done < bytes; done += buffer.size())
    Check(writer->Write(buffer, 0x10000 + done, 0));
  Check(writer->Close());
}

void Save(pid_t pid, const PageRun& run, PageFileWriter& writer) {
  Progress progress;
  Check(SaveMemory(pid, {&run, 1}, ReadHow::kPinning, writer, progress));
  Check(writer.Close());
}

int Main(int argc, char** argv) {
  const std::string dir = argc > 1 ? argv[1] : "/dev/shm";
  const uint64_t bytes = (argc > 2 ? strtoull(argv[2], nullptr, 10) : 1024) << 20;
  const int passes = argc > 3 ? atoi(argv[3]) : 3;
  char* memory = static_cast<char*>(
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  (void)madvise(memory, bytes, MADV_NOHUGEPAGE);
  uint64_t x = 88172645463325252u;
  for (uint64_t at = 0; at < bytes; at += 8) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    std::memcpy(memory + at, &x, 8);
  }
  const testing::ForkedTracee tracee;
  const PageRun run{
      .address = reinterpret_cast<uint64_t>(memory), .pages = bytes / 4096, .flags = 0};
  for (int pass = 0; pass < passes; ++pass) {
    Measure("read", bytes, [&] {
      NullWriter none;
      Save(tracee.pid(), run, none);
    });
    Measure("write", bytes, [&] { WriteAlone(dir, bytes); });
    const auto writer = MakeWriter(dir);
    Measure("read and write", bytes, [&] { Save(tracee.pid(), run, *writer); });
  }
  (void)unlink((dir + "/pages").c_str());
  (void)unlink((dir + "/pagemap").c_str());
  return 0;
}

}  // namespace
}  // namespace tardigrade

int main(int argc, char** argv) { return tardigrade::Main(argc, argv); }
