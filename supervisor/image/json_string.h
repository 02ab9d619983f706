#ifndef SUPERVISOR_IMAGE_JSON_STRING_H_
#define SUPERVISOR_IMAGE_JSON_STRING_H_

#include <string>
#include <string_view>

// Strings of arbitrary bytes in JSON, see json.h.
namespace tardigrade::json_string {

// Appends `text` as a JSON string, quotes included.
void AppendQuoted(std::string_view text, std::string& out);

// Turns the characters U+10FF80..U+10FFFF of well-formed UTF-8 back into the bytes they stand for.
// False if one of U+10FF00..U+10FF7F is in it: these are never written.
bool Unescape(std::string& text);

}  // namespace tardigrade::json_string

#endif  // SUPERVISOR_IMAGE_JSON_STRING_H_
