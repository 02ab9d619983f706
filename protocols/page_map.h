#ifndef PROTOCOLS_PAGE_MAP_H_
#define PROTOCOLS_PAGE_MAP_H_

// The fixed-width form of pagemap-*.bin, see protocols/README.md.
//
//   PageMapHeader
//   PageMapExtent[extent_count]   by address, not overlapping
//   uint64_t[frame_count]         XXH3-64 of each frame of the page file
//
// Little-endian, nothing between the parts and nothing after them.

#include <stdint.h>

namespace tardigrade::protocol {

inline constexpr uint32_t kPageMapMagic = 0x4d504454;  // "TDPM"
inline constexpr uint32_t kPageMapVersion = 2;

// The page file is checksummed in frames of this many bytes; the last one may be shorter.
inline constexpr uint32_t kPageFrameBytes = 1 << 20;

// PageMapExtent::flags.
inline constexpr uint32_t kPageExtentHuge = 1;        // Was mapped by huge pages.
inline constexpr uint32_t kPageExtentFileBacked = 2;  // Private copies of a mapped file's pages.
// The process's parent has the very same pages at the same address: no data, `file_offset` is 0.
inline constexpr uint32_t kPageExtentSameAsParent = 4;
inline constexpr uint32_t kPageExtentAllFlags = 7;

struct PageMapHeader {
  uint32_t magic;
  uint32_t version;
  uint32_t page_size;    // Bytes: the unit of PageMapExtent::pages.
  uint32_t frame_bytes;  // kPageFrameBytes.
  uint64_t extent_count;
  uint64_t frame_count;  // data_bytes / frame_bytes, rounded up.
  uint64_t data_bytes;   // Size of the page file.
  uint64_t reserved;     // 0
};
static_assert(sizeof(PageMapHeader) == 48 && alignof(PageMapHeader) == 8);

// A run of a process's pages: memory at `address` is at `file_offset` of the page file.
struct PageMapExtent {
  uint64_t address;      // Bytes, page-aligned.
  uint64_t pages;        // At least 1.
  uint64_t file_offset;  // Bytes, page-aligned.
  uint32_t flags;        // kPageExtent*
  uint32_t reserved;     // 0
};
static_assert(sizeof(PageMapExtent) == 32 && alignof(PageMapExtent) == 8);

}  // namespace tardigrade::protocol

#endif  // PROTOCOLS_PAGE_MAP_H_
