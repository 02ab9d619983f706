#ifndef SUPERVISOR_CLI_INSPECT_COMMAND_H_
#define SUPERVISOR_CLI_INSPECT_COMMAND_H_

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "supervisor/cli/console.h"
#include "supervisor/image/image_store.h"

namespace tardigrade {

// ImageReader::Open(), or a stand-in.
using ImageOpener = std::function<Result<std::unique_ptr<ImageReader>>(const std::string& dir)>;

// The command `inspect`; returns its exit status.  `arguments` are without the program's name.
int RunInspect(std::span<const std::string> arguments, const ImageOpener& open, Console console);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_INSPECT_COMMAND_H_
