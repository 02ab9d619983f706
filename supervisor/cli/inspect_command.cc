#include "supervisor/cli/inspect_command.h"

#include "supervisor/cli/arguments.h"
#include "supervisor/cli/image_contents.h"
#include "supervisor/cli/inspect_report.h"
#include "supervisor/cli/text.h"

namespace tardigrade {
namespace {

// What the command prints.
Result<std::string> Inspect(const InspectCommand& command, const ImageOpener& open) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ImageReader> image, open(command.dir));
  if (command.verify) {
    RETURN_IF_ERROR(image->Verify());
    const Manifest& manifest = image->manifest();
    uint64_t bytes = 0;
    for (const ImageFile& file : manifest.files) bytes += file.size;
    if (command.json) {
      return JsonLine(Value(Value::Object{{"ok", Value(true)},
                                          {"image", Value(command.dir)},
                                          {"image_bytes", Value(bytes)},
                                          {"files", Value(manifest.files.size())}}));
    }
    return StrCat(PrintableText(command.dir), ": ", CountText(manifest.files.size(), "file"), ", ",
                  BytesText(bytes), ", every checksum is right\n");
  }
  ASSIGN_OR_RETURN(const ImageContents contents, ImageContents::Read(*image));
  return command.json ? JsonLine(InspectJson(command.dir, contents))
                      : InspectText(command.dir, contents);
}

}  // namespace

int RunInspect(std::span<const std::string> arguments, const ImageOpener& open, Console console) {
  Result<InspectCommand> parsed = ParseInspectArguments(arguments);
  if (!parsed.has_value()) return Fail(console, "inspect", parsed.error(), "", false);
  const InspectCommand& command = parsed.value();
  Result<std::string> text = command.answer.empty() ? Inspect(command, open) : command.answer;
  const std::string title = StrCat("inspect: ", command.dir);
  if (!text.has_value()) return Fail(console, title, text.error(), "", command.json);
  Status written = WriteOut(console, text.value());
  return written.has_value() ? 0 : Fail(console, "inspect", written.error(), "", false);
}

}  // namespace tardigrade
