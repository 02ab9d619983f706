#ifndef SUPERVISOR_IMAGE_JSON_H_
#define SUPERVISOR_IMAGE_JSON_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "supervisor/base/result.h"
#include "supervisor/image/value.h"

namespace tardigrade {

enum class JsonStyle { kCompact, kIndented };

// The text form of a Value.  Strings may hold any bytes: a byte that is not part of well-formed
// UTF-8 is written as the private-use character U+10FF00 + byte, and so are the bytes of
// the characters U+10FF00..U+10FFFF themselves, so that every string comes back exactly.
std::string FormatJson(const Value& value, JsonStyle style = JsonStyle::kCompact);

// What a document may be at most.
struct JsonLimits {
  size_t bytes = size_t{256} << 20;
  size_t depth = 64;
  size_t values = size_t{8} << 20;  // Of all kinds, nested ones included.
};

// Integers are exact: those below zero are signed, others unsigned.  Errors: kBadImage for text
// that is no JSON, a number with a fraction or outside 64 bits, a member that appears twice,
// and anything beyond `limits`.  `where` names the document in messages.
Result<Value> ParseJson(std::string_view text, const std::string& where,
                        const JsonLimits& limits = {});

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_JSON_H_
