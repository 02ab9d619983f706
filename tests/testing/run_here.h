#ifndef TESTS_TESTING_RUN_HERE_H_
#define TESTS_TESTING_RUN_HERE_H_

#include <utility>
#include <vector>

#include "protocols/freestanding/run_program.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade::testing {

// Runs a plan in the calling thread instead of in a tracee: same interpreter, same programs.
inline Outcome RunHere(const SyscallPlan& plan) {
  std::vector<uint64_t> program = plan.Compile();
  (void)protocol::RunProgram(reinterpret_cast<protocol::SyscallProgram*>(program.data()));
  return Outcome(plan, std::move(program));
}

}  // namespace tardigrade::testing

#endif  // TESTS_TESTING_RUN_HERE_H_
