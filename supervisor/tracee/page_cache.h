#ifndef SUPERVISOR_TRACEE_PAGE_CACHE_H_
#define SUPERVISOR_TRACEE_PAGE_CACHE_H_

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

namespace tardigrade {

// Reads small pieces of a tracee's memory a page at a time and keeps the pages, for readers that
// come back to the same ones.  Right only while the tracee stands still.
class PageCache {
 public:
  explicit PageCache(pid_t pid) : pid_(pid) {}
  PageCache(const PageCache&) = delete;
  PageCache& operator=(const PageCache&) = delete;

  // False if any of it cannot be read.
  bool Read(uint64_t address, std::span<std::byte> out);

  template <typename T>
  bool ReadObject(uint64_t address, T& out) {
    return Read(address, std::as_writable_bytes(std::span(&out, 1)));
  }

 private:
  static constexpr size_t kPageSize = 4096;
  using Page = std::array<std::byte, kPageSize>;

  const Page* Find(uint64_t page_address);
  void Fetch(uint64_t page_address);

  pid_t pid_;
  std::unordered_map<uint64_t, std::unique_ptr<Page>> pages_;  // Null: cannot be read.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_PAGE_CACHE_H_
