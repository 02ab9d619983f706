#ifndef SUPERVISOR_CLI_TEXT_H_
#define SUPERVISOR_CLI_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/image/value.h"

namespace tardigrade {

// "0 B", "1023 B", "1.5 MiB".
std::string BytesText(uint64_t bytes);

// "850 us", "12.3 ms", "4.56 s", "3 min 20 s".
std::string DurationText(int64_t ns);

// "1 thread", "2 threads".
std::string CountText(uint64_t count, std::string_view noun);

// Text from an image or a process made harmless on a terminal: control characters and bytes that
// are not UTF-8's printable ones come out as \xNN.
std::string PrintableText(std::string_view text);

// One line of JSON, with strings of any bytes as images have them (supervisor/image/json.h).
std::string JsonLine(const Value& value);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_TEXT_H_
