#ifndef PLUGINS_BPF_PROG_BPF_PROG_STATE_H_
#define PLUGINS_BPF_PROG_BPF_PROG_STATE_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::bpf_prog {

inline constexpr uint64_t kMostInstructions = 1000000;  // BPF_COMPLEXITY_LIMIT_INSNS

// One description of a program.
struct BpfProgState {
  OpenFileState open;
  std::string object;  // Key of the ProgramState.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("object", self.object, Range<size_t>{1, 256});
  }
};

// The program itself.
struct ProgramState {
  uint32_t type = 0;  // BPF_PROG_TYPE_*
  std::string name;
  bool gpl = false;                         // Its licence is compatible with the GPL.
  std::array<uint8_t, 8> tag = {};          // BPF_TAG_SIZE
  Attachment instructions;                  // struct bpf_insn, as loaded, with ids for maps.
  std::map<std::string, std::string> maps;  // Keys of the maps' objects, by id.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("type", self.type);
    visit("name", self.name, Range<size_t>{0, 15});
    visit("gpl", self.gpl);
    visit("tag", self.tag);
    visit("instructions", self.instructions);
    visit("maps", self.maps);
  }
};

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_BPF_PROG_STATE_H_
