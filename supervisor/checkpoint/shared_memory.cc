#include "supervisor/checkpoint/shared_memory.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "supervisor/base/file_io.h"
#include "supervisor/checkpoint/ask_leader.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kHugePageBytes = 2 << 20;
// mincore(2) answers a byte for each page; bounds the memory of one visit.
constexpr uint64_t kBytesPerVisit = uint64_t{4} << 30;

bool IsHuge(const MemoryMapping& mapping) { return mapping.path == "/anon_hugepage"; }

auto ObjectKey(const MemoryMapping& mapping) { return std::pair(mapping.dev, mapping.inode); }

void AddRun(uint64_t address, uint64_t bytes, std::vector<PageRun>& runs) {
  if (!runs.empty() && runs.back().address + runs.back().pages * kPageBytes == address) {
    runs.back().pages += bytes / kPageBytes;
  } else {
    runs.push_back({.address = address, .pages = bytes / kPageBytes, .flags = 0});
  }
}

// mm/shmem.c, shmem_file_llseek(): swapped pages are data.
Status FindData(int local_fd, const SharedPiece& piece, std::vector<PageRun>& runs) {
  const uint64_t end = piece.offset() + piece.bytes;
  uint64_t at = piece.offset();
  while (at < end) {
    const off_t data = lseek(local_fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return Ok();
    if (data < 0) return Error::Errno("looking for data of the memory at ", Hex(piece.address));
    const off_t hole = lseek(local_fd, data, SEEK_HOLE);
    if (hole < 0) return Error::Errno("looking for holes of the memory at ", Hex(piece.address));
    const uint64_t first = std::min<uint64_t>(static_cast<uint64_t>(data), end);
    at = std::min<uint64_t>(static_cast<uint64_t>(hole), end);
    if (at > first) AddRun(piece.address + (first - piece.offset()), at - first, runs);
  }
  return Ok();
}

// hugetlbfs knows no SEEK_DATA, but reading its files fills no hole (fs/hugetlbfs/inode.c,
// hugetlbfs_read_iter()).
Result<bool> HasBytes(int local_fd, uint64_t offset, std::span<std::byte> buffer) {
  for (uint64_t done = 0; done < kHugePageBytes; done += buffer.size()) {
    RETURN_IF_ERROR(PreadAll(local_fd, buffer, offset + done), "reading shared huge pages");
    if (std::any_of(buffer.begin(), buffer.end(), [](std::byte b) { return b != std::byte{0}; }))
      return true;
  }
  return false;
}

Status FindHugePages(int local_fd, const SharedPiece& piece, std::vector<PageRun>& runs) {
  std::vector<std::byte> buffer(64 << 10);
  for (uint64_t done = 0; done < piece.bytes; done += kHugePageBytes) {
    ASSIGN_OR_RETURN(const bool has_bytes, HasBytes(local_fd, piece.offset() + done, buffer));
    if (has_bytes) AddRun(piece.address + done, kHugePageBytes, runs);
  }
  return Ok();
}

// One visit for as many as fit.
Status FindResident(FrozenProcess& frozen, std::span<const SharedPiece> pieces,
                    std::vector<PageRun>& runs) {
  SyscallPlan plan;
  for (const SharedPiece& piece : pieces)
    plan.Add(StrCat("mincore of ", Hex(piece.address)), SYS_mincore,
             {piece.address, piece.bytes, Arg::Out(piece.bytes / kPageBytes)});
  ASSIGN_OR_RETURN(const Outcome answers, AskLeader(frozen, plan));
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::span<const std::byte> resident =
        answers.OutputBytes(i, 2, pieces[i].bytes / kPageBytes);
    for (size_t page = 0; page < resident.size(); ++page) {
      if ((resident[page] & std::byte{1}) != std::byte{0})
        AddRun(pieces[i].address + page * kPageBytes, kPageBytes, runs);
    }
  }
  return Ok();
}

Status FindAllResident(FrozenProcess& frozen, std::span<const SharedPiece> pieces,
                       std::vector<PageRun>& runs) {
  std::vector<SharedPiece> batch;
  uint64_t room = kBytesPerVisit;
  const auto flush = [&]() -> Status {
    if (!batch.empty()) RETURN_IF_ERROR(FindResident(frozen, batch, runs));
    batch.clear();
    room = kBytesPerVisit;
    return Ok();
  };
  for (SharedPiece piece : pieces) {
    while (piece.bytes > 0) {
      SharedPiece part = piece;
      part.bytes = std::min(piece.bytes, room);
      batch.push_back(part);
      room -= part.bytes;
      piece.address += part.bytes;
      piece.bytes -= part.bytes;
      if (room == 0) RETURN_IF_ERROR(flush());
    }
  }
  return flush();
}

// `sorted` by object.
Status CheckHugeOnce(std::span<const MemoryMapping* const> sorted) {
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (!IsHuge(*sorted[i])) continue;
    for (size_t j = i + 1; j < sorted.size() && ObjectKey(*sorted[j]) == ObjectKey(*sorted[i]); ++j) {
      const bool overlap = sorted[j]->offset < sorted[i]->offset + sorted[i]->size_bytes() &&
                           sorted[i]->offset < sorted[j]->offset + sorted[j]->size_bytes();
      if (overlap)
        return Error(ErrorCode::kUnsupported,
                     StrCat("the shared huge pages at ", Hex(sorted[j]->start),
                            " are mapped twice, which cannot be restored; unmap one of both"));
    }
  }
  return Ok();
}

}  // namespace

std::string SharedObjectOf(const MemoryMapping& mapping) {
  return StrCat("inode:", mapping.dev, ":", mapping.inode);
}

Result<std::vector<SharedPiece>> ChooseSharedPieces(std::span<const MemoryMapping* const> mappings,
                                                    SavedObjects& saved) {
  std::vector<const MemoryMapping*> sorted(mappings.begin(), mappings.end());
  const auto order = [](const MemoryMapping* m) {
    return std::tuple(ObjectKey(*m), (m->prot & PROT_READ) == 0, m->offset, m->start);
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const auto* a, const auto* b) { return order(a) < order(b); });
  RETURN_IF_ERROR(CheckHugeOnce(sorted));
  std::vector<SharedPiece> pieces;
  for (const MemoryMapping* const mapping : sorted) {
    // What is covered already splits the mapping.
    std::vector<std::pair<uint64_t, uint64_t>>& covered = saved[SharedObjectOf(*mapping)];
    std::sort(covered.begin(), covered.end());
    const size_t before = pieces.size();
    uint64_t at = mapping->offset;
    const uint64_t end = mapping->offset + mapping->size_bytes();
    const auto add_until = [&](uint64_t to) {
      if (to > at) pieces.push_back({.mapping = mapping, .address = mapping->start + (at - mapping->offset), .bytes = to - at});
    };
    for (const auto& [from, to] : covered) {
      add_until(std::min(from, end));
      at = std::max(at, to);
      if (at >= end) break;
    }
    add_until(end);
    if (pieces.size() > before) covered.emplace_back(mapping->offset, end);
  }
  return pieces;
}

Status FindSharedPages(FrozenProcess& frozen, std::span<const SharedPiece> pieces,
                       const std::function<bool(const MemoryMapping&)>& has_swap,
                       std::vector<PageRun>& runs) {
  std::vector<SharedPiece> to_ask;
  for (const SharedPiece& piece : pieces) {
    const Result<ScopedFd> file = OpenMappedFile(frozen.pid(), *piece.mapping);
    if (file.has_value() && IsHuge(*piece.mapping)) {
      RETURN_IF_ERROR(FindHugePages(file.value().get(), piece, runs));
    } else if (file.has_value()) {
      RETURN_IF_ERROR(FindData(file.value().get(), piece, runs));
    } else if (IsHuge(*piece.mapping) || has_swap(*piece.mapping)) {
      AddRun(piece.address, piece.bytes, runs);
    } else {
      to_ask.push_back(piece);
    }
  }
  return FindAllResident(frozen, to_ask, runs);
}

}  // namespace tardigrade
