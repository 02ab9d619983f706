#include "supervisor/tracee/symbolize.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/tracee/elf_symbols.h"
#include "supervisor/tracee/unwind_tables.h"

namespace tardigrade {
namespace {

// A mapped file, and the frames that lie in it.
struct Module {
  std::string path;
  uint64_t inode = 0;
  bool deleted = false;
  std::vector<BacktraceFrame*> frames;
  std::vector<SymbolQuery> queries;  // Of the same frame each.
};

class Symbolizer {
 public:
  explicit Symbolizer(std::span<const MemoryMapping> mappings) : mappings_(mappings) {}

  void Add(std::span<BacktraceFrame> stack) {
    for (size_t i = 0; i < stack.size(); ++i) Add(stack[i], i == 0);
  }

  void Finish(const std::string& root) {
    for (auto& [key, module] : modules_) Finish(root, module);
  }

 private:
  void Add(BacktraceFrame& frame, bool innermost) {
    const std::optional<size_t> at = UnwindTables::MappingAt(mappings_, frame.address);
    if (!at.has_value() || mappings_[*at].path.empty()) return;
    const MemoryMapping& mapping = mappings_[*at];
    frame.module = mapping.path;
    frame.offset = frame.address - mapping.start + mapping.offset;
    if (mapping.inode == 0) return;  // [vdso], [heap], ...
    Module& module = modules_[{mapping.path, mapping.inode}];
    module.path = mapping.path;
    module.inode = mapping.inode;
    module.deleted = mapping.deleted;
    module.frames.push_back(&frame);
    // A return address may be the first one of the next function: look up the call instead.
    const uint64_t back = innermost || frame.offset == 0 ? 0 : 1;
    module.queries.emplace_back().file_offset = frame.offset - back;
  }

  static void Finish(const std::string& root, Module& module) {
    if (module.deleted) return;
    // Whatever is at that path now must not block, and must be the file that was mapped.
    const Result<ScopedFd> fd = OpenFile(root + module.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat st = {};
    if (!fd.has_value() || fstat(fd.value().get(), &st) != 0) return;
    if (!S_ISREG(st.st_mode) || st.st_ino != module.inode) return;
    if (!LookUpSymbols(fd.value().get(), module.queries).has_value()) return;
    for (size_t i = 0; i < module.frames.size(); ++i) {
      const SymbolQuery& query = module.queries[i];
      if (query.symbol.empty()) continue;
      BacktraceFrame& frame = *module.frames[i];
      const uint64_t back = frame.offset - query.file_offset;
      frame.symbol = Demangle(query.symbol);
      frame.offset = query.offset + back;
    }
  }

  static std::string Demangle(const std::string& name) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(
        abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
    return text == nullptr ? name : text.get();
  }

  std::span<const MemoryMapping> mappings_;
  std::map<std::pair<std::string, uint64_t>, Module> modules_;
};

}  // namespace

void Symbolize(std::span<ThreadDocument> threads, std::span<const MemoryMapping> mappings,
               const std::string& root) {
  Symbolizer symbolizer(mappings);
  for (ThreadDocument& thread : threads) symbolizer.Add(thread.backtrace);
  symbolizer.Finish(root);
}

void Symbolize(std::span<BacktraceFrame> stack, std::span<const MemoryMapping> mappings,
               const std::string& root) {
  Symbolizer symbolizer(mappings);
  symbolizer.Add(stack);
  symbolizer.Finish(root);
}

}  // namespace tardigrade
