#include "supervisor/tracee/page_cache.h"

#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tardigrade {
namespace {

constexpr size_t kMostPages = 2048;  // 8 MiB; then it starts afresh.
constexpr size_t kPagesAtOnce = 4;   // Stacks and tables are read upwards.

}  // namespace

bool PageCache::Read(uint64_t address, std::span<std::byte> out) {
  while (!out.empty()) {
    const uint64_t page_address = address & ~uint64_t{kPageSize - 1};
    const size_t offset = address - page_address;
    const size_t bytes = std::min(out.size(), kPageSize - offset);
    const Page* page = Find(page_address);
    if (page == nullptr) return false;
    std::memcpy(out.data(), page->data() + offset, bytes);
    out = out.subspan(bytes);
    address += bytes;  // May wrap to 0, which nobody can read.
  }
  return true;
}

const PageCache::Page* PageCache::Find(uint64_t page_address) {
  auto it = pages_.find(page_address);
  if (it == pages_.end()) {
    Fetch(page_address);
    it = pages_.find(page_address);
  }
  return it->second.get();
}

void PageCache::Fetch(uint64_t page_address) {
  if (pages_.size() + kPagesAtOnce > kMostPages) pages_.clear();
  std::array<Page, kPagesAtOnce> buffer;
  iovec local = {buffer.data(), sizeof(buffer)};
  // One remote piece per page: the kernel stops at the first it cannot read and says how far it
  // came (mm/process_vm_access.c, process_vm_rw_core()).
  std::array<iovec, kPagesAtOnce> remote;
  for (size_t i = 0; i < kPagesAtOnce; ++i)
    remote[i] = {reinterpret_cast<void*>(page_address + i * kPageSize), kPageSize};
  const ssize_t read = process_vm_readv(pid_, &local, 1, remote.data(), remote.size(), 0);
  const size_t pages = read < 0 ? 0 : static_cast<size_t>(read) / kPageSize;
  for (size_t i = 0; i < pages; ++i)
    pages_.insert_or_assign(page_address + i * kPageSize, std::make_unique<Page>(buffer[i]));
  if (pages == 0) pages_.insert_or_assign(page_address, nullptr);
}

}  // namespace tardigrade
