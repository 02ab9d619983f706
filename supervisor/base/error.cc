#include "supervisor/base/error.h"

#include <cstring>

namespace tardigrade {

std::string Error::ToString() const {
  std::string text;
  for (auto it = context_.rbegin(); it != context_.rend(); ++it) text += *it + ": ";
  text += what_;
  if (errno_ != 0) {
    const char* name = strerrorname_np(errno_);
    text += StrCat(": ", name == nullptr ? "errno" : name, " (", std::strerror(errno_), ")");
  }
  return text;
}

}  // namespace tardigrade
