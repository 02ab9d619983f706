#ifndef SUPERVISOR_CLI_INSPECT_REPORT_H_
#define SUPERVISOR_CLI_INSPECT_REPORT_H_

#include <string>

#include "supervisor/cli/image_contents.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/value.h"

namespace tardigrade {

// An image for people.  What comes from it is made harmless for a terminal.
std::string InspectText(const std::string& dir, const ImageContents& contents);

// All of it: the documents as the image has them, with "saved_bytes" added to every mapping.
Value InspectJson(const std::string& dir, const ImageContents& contents);

// "__poll+0x4f (/lib/libc.so.6)", "0x1234 (/bin/job)" or "?".
std::string FrameText(const BacktraceFrame& frame);

// A kind's state in one line: "path=/etc/passwd flags=32768 extents=[2]".
std::string StateText(const Value& state);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_INSPECT_REPORT_H_
