#include <malloc.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "plugins/builtin.h"
#include "supervisor/checkpoint/snapshot.h"
#include "supervisor/cli/snapshot_command.h"

int main(int argc, char** argv) {
  // What one thread has freed another is to use again: the memory of a supervisor is bounded.
  (void)mallopt(M_ARENA_MAX, 1);
  tardigrade::KindList kinds;
  tardigrade::AddFdKinds(kinds);
  tardigrade::AddMappingKinds(kinds);
  tardigrade::AddTaskKinds(kinds);
  tardigrade::AddJobKinds(kinds);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return tardigrade::RunSnapshot(
      arguments, kinds, tardigrade::Snapshot,
      {.out = std::cout, .err = std::cerr, .terminal_fd = STDERR_FILENO});
}
