#ifndef PLUGINS_MEMFD_MEMFD_STATE_H_
#define PLUGINS_MEMFD_MEMFD_STATE_H_

#include <cstdint>
#include <string>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::memfd {

// One description of a memfd.
struct MemfdState {
  OpenFileState open;
  uint64_t offset = 0;  // Bytes.
  std::string object;   // Key of the MemfdContents.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("offset", self.offset, Range<uint64_t>{0, INT64_MAX});
    visit("object", self.object, Range<size_t>{1, 256});
  }
};

// The file itself.
struct MemfdContents {
  std::string name;    // As given to memfd_create(2).
  uint32_t seals = 0;  // F_SEAL_*
  uint32_t mode = 0;   // Permission bits.
  FileContents contents;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("name", self.name, Range<size_t>{0, 249});
    visit("seals", self.seals, Range<uint32_t>{0, 0x3f});
    visit("mode", self.mode, Range<uint32_t>{0, 07777});
    visit("contents", self.contents);
  }
};

// A mapping of one.
struct MemfdMappingState {
  std::string object;
  bool writable = false;  // Shared, of a descriptor that was open for writing.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("object", self.object, Range<size_t>{1, 256});
    visit("writable", self.writable);
  }
};

}  // namespace tardigrade::memfd

#endif  // PLUGINS_MEMFD_MEMFD_STATE_H_
