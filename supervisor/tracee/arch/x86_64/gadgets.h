#ifndef SUPERVISOR_TRACEE_ARCH_X86_64_GADGETS_H_
#define SUPERVISOR_TRACEE_ARCH_X86_64_GADGETS_H_

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"

namespace tardigrade::arch {

// Instructions found in the tracee's own text; 0 where there are none.
struct Gadgets {
  uint64_t syscall = 0;         // syscall
  uint64_t syscall_return = 0;  // syscall; ret
  uint64_t sigreturn = 0;       // mov $15, %eax; syscall
  uint64_t pop_number = 0;      // pop %rax; ret

  bool complete() const { return syscall_return != 0 && (sigreturn != 0 || pop_number != 0); }
  // What a `ret` has to find on the stack, lowest address first, so that rt_sigreturn(2) is called
  // with the stack pointer behind it.  A static program that handles no signal may lack
  // `sigreturn`; it pops the number then.  Precondition: complete().
  std::vector<uint64_t> SigreturnChain() const;
  // Names of those that are missing.
  std::string Missing() const;
};

// Looks for what `gadgets` still lacks in `code`, which is at `address`.
void FindGadgetsIn(std::span<const std::byte> code, uint64_t address, Gadgets& gadgets);

// Looks through the executable private file mappings and the vDSO, until all are found.  That takes
// milliseconds in a large program; `hint`, what an earlier look found, saves them where it still
// holds.
Result<Gadgets> FindGadgets(pid_t pid, const std::vector<MemoryMapping>& maps,
                            const Gadgets& hint = {});

// Remembers in which files gadgets were found: processes of one tree mostly run the same ones, though
// not at the same addresses.
class GadgetCache {
 public:
  // Where they would be in a process with these mappings: a hint for FindGadgets().
  Gadgets HintFor(const std::vector<MemoryMapping>& maps) const;
  void Learn(const std::vector<MemoryMapping>& maps, const Gadgets& gadgets);

 private:
  struct Spot {
    std::string path;
    uint64_t dev = 0;
    uint64_t inode = 0;
    uint64_t offset = 0;  // Bytes into the file.
    bool operator==(const Spot&) const = default;
  };
  using Spots = std::array<Spot, 4>;  // In the order of Gadgets; an empty path for none.
  std::vector<Spots> known_;
};

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_TRACEE_ARCH_X86_64_GADGETS_H_
