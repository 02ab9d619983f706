#include "supervisor/resource/moved_files.h"

namespace tardigrade {

std::string MovedPath(const MovedFiles& moved, const std::string& path) {
  if (const auto it = moved.find(path); it != moved.end()) return it->second;
  for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    if (const auto it = moved.find(path.substr(0, slash)); it != moved.end())
      return it->second + path.substr(slash);
  }
  return path;
}

}  // namespace tardigrade
