#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "supervisor/cli/inspect_command.h"
#include "supervisor/image/image_store.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return tardigrade::RunInspect(arguments, tardigrade::ImageReader::Open,
                                {.out = std::cout, .err = std::cerr, .terminal_fd = STDERR_FILENO});
}
